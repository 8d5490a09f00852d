import t from 'tap'
import { createNarrator, toDuration, toTable } from '../../../shared/simulator/demo/narrator.ts'

function listen(colours: boolean) {
  const lines: string[] = []
  let now = 1000
  const narrator = createNarrator({ out: line => void lines.push(line), colours, now: () => now })
  return {
    lines,
    narrator,
    pass: (ms: number): void => {
      now += ms
    },
  }
}

t.test('rows stand below their headings', async t => {
  const { lines, narrator, pass } = listen(false)
  narrator.columns()
  pass(1234)
  narrator.row('node-a', 'joined', { tookMs: 12, cost: { bmc: 1, reads: 3, writes: 0 } })
  narrator.row('pass 2', 'nothing to do', { tookMs: 1500, bmc: 2, mood: 'dim' })
  narrator.row('node-a', 'is on its way')
  const [heading = '', first = '', second = '', third = ''] = lines
  t.match(first, /^ +1\.2s {2}node-a +joined +12 ms +1 {2}3 r 0 w$/)
  t.match(second, /^ +1\.2s {2}pass 2 +nothing to do +1\.5 s +2$/)
  t.match(third, /^ +1\.2s {2}node-a +is on its way$/)
  t.equal(first.indexOf('joined'), heading.indexOf('what happened'))
  t.equal(first.indexOf('3 r'), heading.indexOf('Kubernetes'))
  t.equal(first.indexOf('12 ms') + 5, heading.indexOf('took') + 4)
})

t.test('colours only where they are wanted', async t => {
  for (const colours of [true, false]) {
    const { lines, narrator } = listen(colours)
    narrator.title('title')
    narrator.chapter('chapter')
    narrator.row('node-a', 'joined', { mood: 'good' })
    narrator.quote('quoted')
    narrator.praise('well done')
    const painted = lines.filter(line => line.includes('\u001b['))
    t.equal(painted.length, colours ? 5 : 0)
    t.match(lines.join('\n'), /title.*chapter.*joined.*“quoted”.*well done/s)
  }
})

t.test('durations and tables', async t => {
  t.strictSame([0, 9.6, 999, 1000, 17_320].map(toDuration), ['0 ms', '10 ms', '999 ms', '1.0 s', '17.3 s'])
  t.strictSame(
    toTable([
      ['A', 'LONG', 'C'],
      ['longer', 'b', ''],
    ]),
    ['A        LONG   C', 'longer   b'],
  )
})
