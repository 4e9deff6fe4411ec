"""LocalStack without Docker, with what it cannot run here taken from elsewhere.

It listens on every interface, whatever host it is told; here it listens on 127.0.0.1. Its DynamoDB is a program that it
would fetch; here it is the server at LOCKGATE_DYNAMODB. Its functions run in containers; here they are invoked at
LOCKGATE_FUNCTIONS. It hands tasks out before it knows them; here it knows them first. These are private parts of the pinned
version, so that each is looked for before it is replaced. It ends with its standard input: see leash.py.
"""

import os
import uuid
from urllib.parse import quote, urlparse

import leash
import requests
from twisted.internet import endpoints

leash.tie()


def replace(owner, name, replacement):
    getattr(owner, name)
    setattr(owner, name, replacement)


class Loopback(endpoints.TCP4ServerEndpoint):
    def __init__(self, reactor, port, backlog=50, interface=""):
        super().__init__(reactor, port, backlog, "127.0.0.1")


replace(endpoints, "TCP4ServerEndpoint", Loopback)


def dynamodb_elsewhere(url):
    from localstack.services.dynamodb.server import DynamodbServer

    made = DynamodbServer.__init__

    def make(self, *arguments, **named):
        made(self, port=url.port, host=url.hostname)

    replace(DynamodbServer, "__init__", make)
    replace(DynamodbServer, "start_dynamodb", lambda self: True)
    replace(DynamodbServer, "stop_dynamodb", lambda self: None)
    replace(DynamodbServer, "check_dynamodb", lambda self, expect_shutdown=False: None)
    replace(DynamodbServer, "wait_for_dynamodb", lambda self: None)


def functions_elsewhere(url):
    from localstack.services.lambda_.invocation.docker_runtime_executor import DockerRuntimeExecutor
    from localstack.services.lambda_.invocation.lambda_models import InvocationResult
    from localstack.services.lambda_.invocation.lambda_service import LambdaService

    def invoke(self, function_name, *arguments, payload=None, request_id=None, **named):
        address = f"{url}/2015-03-31/functions/{quote(function_name)}/invocations"
        answer = requests.post(address, data=payload, timeout=900)
        failed = "X-Amz-Function-Error" in answer.headers or answer.status_code >= 400
        return InvocationResult(
            request_id=request_id or str(uuid.uuid4()),
            payload=answer.content,
            is_error=failed,
            logs="",
            executed_version="$LATEST",
        )

    replace(LambdaService, "invoke", invoke)
    for name, nothing in [
        ("prepare_version", lambda cls, version: None),
        ("cleanup_version", lambda cls, version: None),
        ("validate_environment", lambda cls: True),
    ]:
        replace(DockerRuntimeExecutor, name, classmethod(nothing))


def tokens_known_at_once():
    """Whoever is quick to say something of a task is not refused, nor heard only by a heartbeat that never comes.

    By itself it hands an activity's task out before it keeps the token, and keeps that for a moment without a clock of
    heartbeats: a beat is an invalid token then, and an end is not looked at until the clock, which comes late, runs out.
    """
    from localstack.aws.api.stepfunctions import ActivityDoesNotExist
    from localstack.services.stepfunctions.asl.eval.callback.callback import (
        ActivityCallbackEndpoint,
        CallbackEndpoint,
        CallbackPoolManager,
    )
    from localstack.services.stepfunctions.backend.activity import ActivityTask

    def add_activity_task(self, callback_id, activity_arn, activity_input):
        activity = self._activity_store.get(activity_arn)
        if activity is None:
            raise ActivityDoesNotExist()
        endpoint = ActivityCallbackEndpoint(callback_id=callback_id, activity_input=activity_input)
        self._pool[callback_id] = endpoint
        activity.add_task(ActivityTask(task_token=callback_id, task_input=activity_input))
        return endpoint

    set_up = CallbackEndpoint.setup_heartbeat_endpoint

    def setup_heartbeat_endpoint(self, heartbeat_seconds):
        clock = set_up(self, heartbeat_seconds)
        if self.get_outcome() is not None:
            clock.notify()
        return clock

    beat = CallbackEndpoint.notify_heartbeat

    def notify_heartbeat(self):
        beat(self)
        return True

    replace(CallbackPoolManager, "add_activity_task", add_activity_task)
    replace(CallbackEndpoint, "setup_heartbeat_endpoint", setup_heartbeat_endpoint)
    replace(CallbackEndpoint, "notify_heartbeat", notify_heartbeat)


dynamodb_elsewhere(urlparse(os.environ["LOCKGATE_DYNAMODB"]))
functions_elsewhere(os.environ["LOCKGATE_FUNCTIONS"])
tokens_known_at_once()

from localstack.runtime.main import main  # noqa: E402: it must find what was replaced

main()
