#include "tests/zino/fixture.hpp"

namespace uncork::zino::testing {

std::string fixture_state() {
  return R"json({
  "devices": {
    "devices": {
      "example-gw": {
        "name": "example-gw",
        "ports": {
          "1": {
            "ifindex": 1,
            "ifdescr": "ge-1/0/1",
            "ifalias": "cust x, føø",
            "state": "down"
          },
          "2": {
            "ifindex": 2,
            "ifdescr": "xe-0/0/2",
            "ifalias": "core"
          }
        }
      },
      "example-gw2": {
        "name": "example-gw2"
      }
    }
  },
  "events": {
    "events": {
      "1": {
        "id": 1, "router": "example-gw", "type": "portstate", "state": "open",
        "opened": "2025-11-22T08:26:40Z", "updated": "2025-11-22T08:26:40.500000Z", "priority": 100, "lastevent": "link down",
        "log": [
          {"timestamp": "2025-11-22T08:26:40Z", "message": "example-gw log line æøå"},
          {"timestamp": "2025-11-22T08:26:40Z", "message": "multi\nline log"}
        ],
        "history": [
          {"timestamp": "2025-11-22T08:26:40Z", "message": "state change embryonic -> open (monitor)"},
          {"timestamp": "2025-11-22T08:26:40Z", "message": "ford\nline one\n\nline three\n"}
        ],
        "lasttrans": "2025-11-22T08:26:40Z", "flaps": 3, "polladdr": "192.168.42.1",
        "port": "ge-1/0/1", "ifindex": 1, "portstate": "down", "descr": "cust x, føø", "flapstate": "flapping", "reason": "linkdown"
      },
      "2": {
        "id": 2, "router": "example-gw", "type": "portstate", "state": "open",
        "opened": "2025-11-22T08:26:40Z", "updated": "2025-11-22T08:26:40Z", "priority": 100, "ifindex": 2
      },
      "3": {
        "id": 3, "router": "example-gw2", "type": "bgp", "state": "working",
        "opened": "2025-11-22T08:26:40Z", "updated": "2025-11-22T08:26:40Z", "priority": 100, "lastevent": "peer is down",
        "lasttrans": "2025-11-22T08:26:40Z", "ac_down": "PT1M30.5S", "polladdr": "192.168.42.2",
        "remote-addr": "2001:DB8:0::1", "remote_as": 65000, "peer-uptime": 12, "bgpOS": "idle", "bgpAS": "running"
      },
      "4": {
        "id": 4, "router": "example-gw2", "type": "bfd", "state": "open",
        "opened": "2025-11-22T08:26:40Z", "updated": "2025-11-22T08:26:40Z", "priority": 100,
        "ifindex": 5, "bfdState": "down", "bfdIx": 7, "bfddiscr": 99, "bfdaddr": "10.0.0.1", "Neigh-rDNS": "peer.example.org"
      },
      "5": {
        "id": 5, "router": "example-gw", "type": "reachability", "state": "open",
        "opened": "2025-11-22T08:26:40Z", "updated": "2025-11-22T08:26:40Z", "priority": 500, "reachability": "no-response"
      },
      "6": {
        "id": 6, "router": "example-gw", "type": "alarm", "state": "open",
        "opened": "2025-11-22T08:26:40Z", "updated": "2025-11-22T08:26:40Z", "priority": 100,
        "lastevent": "red alarms went from 0 to 2", "alarm_type": "red", "alarm_count": 2
      },
      "7": {
        "id": 7, "router": "example-gw2", "type": "reachability", "state": "closed",
        "opened": "2025-11-22T08:26:40Z", "updated": "2025-11-22T08:26:40Z", "closed": "2025-11-23T12:00:00Z", "priority": 100,
        "reachability": "reachable"
      }
    },
    "last_event_id": 7
  },
  "addresses": {"192.168.42.1": "example-gw"},
  "planned_maintenances": {
    "planned_maintenances": {
      "1": {
        "id": 1, "start_time": "2025-12-01T00:00:00Z", "end_time": "2025-12-01T02:00:00Z", "type": "device",
        "match_type": "exact", "match_expression": "example-gw",
        "log": [{"timestamp": "2025-11-22T08:26:40Z", "message": "ford\nfoo"}], "event_ids": []
      },
      "2": {
        "id": 2, "starttime": "2025-12-01T00:00:00Z", "endtime": "2025-12-01T02:00:00Z", "type": "portstate",
        "match_type": "intf-regexp", "match_dev": "example-gw", "match_expr": "ge-.*"
      }
    },
    "last_pm_id": 2,
    "last_run": "2025-11-22T08:26:40Z"
  },
  "flapping": {
    "interfaces": {
      "example-gw:1": {"hist_val": 40.5, "first_flap": "2025-11-22T08:26:40Z", "last_flap": "2025-11-22T08:26:40Z", "flaps": 36,
        "flapped_above_threshold": true, "in_active_flap_state": true}
    }
  }
})json";
}

std::string fixture_secrets() { return "user1 secret one\n\nford  dontpanic\n"; }

std::string fixture_polldevs() {
  return "# routers\n"
         "default interval: 5\ndefault community: public\ndefault domain: example.org\n\n"
         "name: example-gw\naddress: 192.168.42.1\npriority: 500\n\n"
         "name: example-gw2\naddress: 192.168.42.2\nwatchpat: ge-1\\/\n\n"
         "name: example-gw3\naddress: 192.168.42.3\n\n"
         "name: example-gw4\naddress: 192.168.42.4\ncommunity: foobar\n";
}

}  // namespace uncork::zino::testing
