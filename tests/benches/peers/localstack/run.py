"""LocalStack's state machines without Docker.

Its server listens on every interface, whatever host it is told; here it listens on 127.0.0.1.
"""

from twisted.internet import endpoints


class Loopback(endpoints.TCP4ServerEndpoint):
    def __init__(self, reactor, port, backlog=50, interface=""):
        super().__init__(reactor, port, backlog, "127.0.0.1")


endpoints.TCP4ServerEndpoint = Loopback

from localstack.runtime.main import main  # noqa: E402: it must find what listens on 127.0.0.1

main()
