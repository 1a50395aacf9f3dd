"""grpc_server and grpc_client, one by the other; interop.grpc has both against grpc++."""

from running import Example, finished, serving


class Grpc(Example):

    def test_every_kind_of_call(self):
        with serving(self.program("grpc_server"), 0) as server:
            for arguments, said in ((("greet", "you"), "1 hello you\nstatus 0\n"),
                                    (("repeat", "again", "2"), "1 again\n2 again\nstatus 0\n"),
                                    (("join", "a", "b", "c"), "3 abc\nstatus 0\n"),
                                    (("chat", "a", "b"), "0 A\n0 B\nstatus 0\n"),
                                    (("fail", "100% \u00e4", "9"), "status 9 100% \u00e4\n"),
                                    (("missing",), "status 12 no such method\n"),
                                    (("--within", "50", "wait"), "status 4 not done within the deadline\n")):
                self.assertEqual(finished(self.program("grpc_client"), server.port, *arguments), (0, said, ""))

    def test_wrong_arguments_show_the_usage(self):
        self.assert_usage("grpc_server", (), ("x",), ("1", "2"))
        self.assert_usage("grpc_client", (), ("1",), ("x", "wait"), ("1", "nothing"), ("1", "repeat", "a", "b"))
