import t from 'tap'
import { createRoom } from '../../functions/overload-room.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'

const HERE = new AbortController().signal

/** Room for 100 bytes, 75 of them for Services. */
function setUp() {
  const clock = createTurnableClock()
  const room = createRoom(clock, 100)
  const order: string[] = []
  const leaves = new Map<string, () => void>()
  async function take(
    name: string,
    kind: 'node' | 'service',
    bytes: number,
    ms = 1000,
    gone = HERE,
  ): Promise<void> {
    const leave = await room.take(kind, bytes, ms, gone)
    order.push(leave ? name : `${name} shed`)
    if (leave) leaves.set(name, leave)
  }
  /** What has come to an end since the last look. */
  const look = async (ms = 0): Promise<string[]> => {
    await clock.turn(ms)
    return order.splice(0)
  }
  return { take, look, leave: (name: string) => leaves.get(name)?.() }
}

t.test('as much as fits, and Services into their share', async t => {
  const { take, look, leave } = setUp()
  void take('s1', 'service', 75)
  void take('s2', 'service', 1)
  void take('n1', 'node', 25)
  t.strictSame(await look(), ['s1', 'n1'])
  void take('n2', 'node', 1)
  leave('n1')
  t.strictSame(await look(), ['n2'])
  leave('s1')
  t.strictSame(await look(), ['s2'])
})

t.test('what is larger than the room goes alone', async t => {
  const { take, look, leave } = setUp()
  void take('large', 'service', 1000)
  void take('small', 'node', 1)
  t.strictSame(await look(), ['large'])
  leave('large')
  t.strictSame(await look(), ['small'])
})

t.test('nobody goes before a node that waits, nor before one of his kind', async t => {
  const { take, look, leave } = setUp()
  void take('s1', 'service', 60)
  void take('s2', 'service', 60)
  void take('s3', 'service', 10)
  void take('n1', 'node', 50)
  void take('n2', 'node', 1)
  t.strictSame(await look(), ['s1'])
  leave('s1')
  t.strictSame(await look(), ['n1', 'n2'])
  leave('n1')
  t.strictSame(await look(), ['s2', 's3'])
})

t.test('a large node is not kept waiting by small Services', async t => {
  const { take, look, leave } = setUp()
  void take('s1', 'service', 60)
  void take('s2', 'service', 15)
  void take('n1', 'node', 90)
  void take('s3', 'service', 10)
  t.strictSame(await look(), ['s1', 's2'])
  leave('s2')
  t.strictSame(await look(), [], 'the Service would have room, the node has none yet')
  leave('s1')
  t.strictSame(await look(), ['n1'])
  leave('n1')
  t.strictSame(await look(), ['s3'])
})

t.test('who has waited for long enough, or has left, costs nobody anything', async t => {
  const { take, look, leave } = setUp()
  const caller = new AbortController()
  void take('s1', 'service', 50)
  void take('short', 'service', 60, 500)
  void take('left', 'service', 70, 1000, caller.signal)
  void take('patient', 'service', 20)
  caller.abort()
  t.strictSame(await look(499), ['s1', 'left shed'])
  t.strictSame((await look(1)).toSorted(), ['patient', 'short shed'])
  leave('patient')
  leave('s1')
  void take('all of it', 'node', 100)
  t.strictSame(await look(), ['all of it'])
})

t.test('no more than a few wait', async t => {
  const { take, look } = setUp()
  void take('first', 'service', 75)
  await look()
  for (let count = 0; count < 65; count += 1) void take('next', 'service', 1)
  t.strictSame(await look(), ['next shed'])
})
