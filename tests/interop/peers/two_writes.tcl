# Answers each line by two lines; the channel passes each on at once.
proc serve {channel address port} {
  fconfigure $channel -buffering none -translation lf
  fileevent $channel readable [list answer $channel]
}
proc answer {channel} {
  if {[gets $channel request] < 0} { close $channel; return }
  puts $channel "the answer"
  puts $channel "end"
}
socket -server serve -myaddr 127.0.0.1 [lindex $argv 0]
vwait forever
