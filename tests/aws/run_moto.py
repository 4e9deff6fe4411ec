"""moto's server, which takes one request at a time: run_moto.py HOST PORT.

By itself it lets threads run into each other between a condition and its write, so that of two conditional writes both
may be carried out. DynamoDB never does that, and neither does this. It ends with its standard input: see leash.py.
"""

import sys
import threading

import leash
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

leash.tie()

application = DomainDispatcherApplication(create_backend_app)
turn = threading.Lock()


def one_at_a_time(environment, start_response):
    with turn:
        return list(application(environment, start_response))


run_simple(sys.argv[1], int(sys.argv[2]), one_at_a_time, threaded=True, request_handler=MotoRequestHandler)
