import { graphOf } from './graph';

const machine = {
  StartAt: 'Begin',
  States: {
    Begin: { Type: 'Task', Next: 'Which', Catch: [{ Next: 'Fail' }] },
    Which: { Type: 'Choice', Choices: [{ Next: 'A' }, { Next: 'B' }], Default: 'Begin' },
    A: { Type: 'Task', Next: 'Done', Catch: [{ Next: 'Fail' }] },
    B: { Type: 'Task', Next: 'Done' },
    Fail: { Type: 'Fail' },
    Done: { Type: 'Succeed' },
    Alone: { Type: 'Pass', Next: 'Done' },
  },
};

describe('the graph', () => {
  const graph = graphOf(machine)!;
  const at = (name: string) => graph.nodes.find((node) => node.name === name)!;

  it('has every state that can be reached, each below what leads to it', () => {
    expect(graph.nodes.map((node) => node.name).sort()).toEqual(['A', 'B', 'Begin', 'Done', 'Fail', 'Which']);
    expect(at('Begin').y).toBeLessThan(at('Which').y);
    expect(at('A').y).toBe(at('B').y);
    expect(at('Done').y).toBeGreaterThan(at('A').y);
    expect(at('Fail').y).toBeGreaterThan(at('A').y);
  });

  it('draws nothing upon something else, and nothing outside', () => {
    for (const one of graph.nodes) {
      for (const other of graph.nodes) {
        if (one !== other && one.y === other.y) expect(Math.abs(one.x - other.x)).toBeGreaterThanOrEqual(150);
      }
      expect(one.x).toBeGreaterThan(0);
      expect(one.x).toBeLessThan(graph.width);
      expect(one.y).toBeLessThan(graph.height);
    }
  });

  it('tells what catches from what follows, and ends with loops', () => {
    const told = graph.edges.map((edge) => `${edge.from} ${edge.to}${edge.isCatch ? '!' : ''}`);
    expect(told.sort()).toEqual([
      'A Done',
      'A Fail!',
      'B Done',
      'Begin Fail!',
      'Begin Which',
      'Which A',
      'Which B',
      'Which Begin',
    ]);
  });

  it('is nothing where there are no states', () => {
    for (const document of [undefined, 'text', {}, { StartAt: 'A', States: {} }])
      expect(graphOf(document)).toBeUndefined();
  });
});
