import type { Execution } from '../../api/answers';
import { pretty, rows, stories, walked } from './story';

const event = (id: number, previousEventId: number, type: string, seconds: number, details: object = {}) => ({
  ...{ id, previousEventId, type, timestamp: 1000 + seconds },
  ...details,
});

/** Flac fails twice and is tried again once, then caught. */
const execution = {
  ...{
    attempt: 1,
    name: 's-1',
    status: 'FAILED',
    definition: {},
    startedAt: '1970-01-01T00:16:40Z',
    stoppedAt: '1970-01-01T00:16:50Z',
  },
  steps: [
    { name: 'Flac', type: 'Task', status: 'caught', failures: 2, error: 'WorkerLost', entered: 2, exited: 8 },
    { name: 'Fail', type: 'Task', status: 'succeeded', failures: 0, entered: 9, exited: 10 },
    { name: 'Failed', type: 'Fail', status: 'failed', failures: 0, entered: 11 },
  ],
  events: [
    event(1, 0, 'ExecutionStarted', 0),
    event(2, 0, 'TaskStateEntered', 0, { stateEnteredEventDetails: { name: 'Flac', input: '{"a":1}' } }),
    event(3, 2, 'LambdaFunctionScheduled', 0.5, {
      lambdaFunctionScheduledEventDetails: { resource: 'arn:flac', input: '{}' },
    }),
    event(4, 3, 'LambdaFunctionFailed', 2, {
      lambdaFunctionFailedEventDetails: { error: 'WorkerLost', cause: 'gone' },
    }),
    event(5, 4, 'LambdaFunctionScheduled', 3.5, {
      lambdaFunctionScheduledEventDetails: { resource: 'arn:flac' },
    }),
    event(6, 5, 'LambdaFunctionTimedOut', 6),
    event(8, 6, 'TaskStateExited', 6, { stateExitedEventDetails: { name: 'Flac', output: '{"b":2}' } }),
    event(9, 8, 'TaskStateEntered', 6, { stateEnteredEventDetails: { name: 'Fail', input: '{}' } }),
    event(10, 9, 'TaskStateExited', 7, { stateExitedEventDetails: { name: 'Fail', output: '{}' } }),
    event(11, 10, 'FailStateEntered', 7, { stateEnteredEventDetails: { name: 'Failed', input: '{}' } }),
    event(12, 11, 'ExecutionFailed', 10, {
      executionFailedEventDetails: { error: 'WorkerLost', cause: 'gone' },
    }),
  ],
} as unknown as Execution;

describe('the story of an execution', () => {
  it('puts each event to its state, with the time since the beginning', () => {
    const told = rows(execution).map(
      (row) => `${row.id} ${row.state} ${row.since / 1000} ${row.detail} ${row.tone}`,
    );
    expect(told).toEqual([
      ...['1  0  plain', '2 Flac 0  plain', '3 Flac 0.5 flac plain', '4 Flac 2 WorkerLost: gone bad'],
      ...['5 Flac 3.5 flac plain', '6 Flac 6  bad', '8 Flac 6  ok', '9 Fail 6  plain', '10 Fail 7  ok'],
      ...['11 Failed 7  plain', '12  10 WorkerLost: gone bad'],
    ]);
  });

  it('tells each try, why it failed, and after how long it was tried again', () => {
    const [flac, , failed] = stories(execution);
    expect(flac!.tries).toEqual([
      { number: 1, error: 'WorkerLost', cause: 'gone', againAfter: 1500 },
      { number: 2, error: 'States.Timeout', cause: '', againAfter: undefined },
    ]);
    expect([flac!.input, flac!.output, flac!.from, flac!.to]).toEqual([
      '{"a":1}',
      '{"b":2}',
      1_000_000,
      1_006_000,
    ]);
    expect([failed!.output, failed!.to]).toEqual([undefined, 1_010_000]);
  });

  it('knows the way that was gone, and no other', () => {
    expect([...walked(execution.steps)]).toEqual(['Flac→Fail', 'Fail→Failed']);
  });

  it('shows JSON as it can be read, and the rest as it is', () => {
    expect(pretty('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
    expect([pretty('no json'), pretty(undefined)]).toEqual(['no json', '']);
  });

  it('does not fall over what is no event', () => {
    expect(rows({ ...execution, events: [{}, { id: 'x' }, null as never].filter(Boolean) as never })).toEqual(
      [],
    );
  });
});
