import t from 'tap'
import { toCount, toMeasured, toRatio } from '../../bench/figure.ts'
import { replaceBetween, toChangesText, toFiguresText } from '../../bench/page-text.ts'
import type { Report } from '../../bench/report.ts'

const MACHINE = { node: 'v26.10.0', platform: 'linux-x64', processors: 2 }
const reportOf = (ours: number): Report => ({
  machine: MACHINE,
  isFull: true,
  sections: [
    {
      name: 'reviews',
      figures: [
        toMeasured({ name: 'time', unit: 'ms' }, [ours, ours + 2]),
        toRatio({ name: 'time / bare', reference: 'a bare route', budget: { atMost: 2 } }, [ours], [2]),
        toCount({ name: 'lists', unit: 'requests', budget: { atMost: 0 } }, 1),
      ],
    },
    { name: 'joins', figures: [], skipped: 'there is no API server' },
  ],
})

t.test('a page has all figures with their budgets, and says what was not run', async t => {
  t.equal(
    toFiguresText(reportOf(3)),
    [
      'Node 26.10.0 on linux-x64, 2 processors.',
      '',
      '### reviews',
      '',
      '| Figure | Value | Spread (repeats) | Against | Budget |',
      '| --- | --- | --- | --- | --- |',
      '| time | 4 ms | 3–5 (2) |  |  |',
      '| time / bare | 1.50 × |  | a bare route | at most 2: kept |',
      '| lists | 1 requests |  |  | at most 0: NOT KEPT |',
      '',
      '### joins',
      '',
      'Not run: there is no API server.',
    ].join('\n'),
  )
})

t.test('figures of a quick run say so', async t => {
  const [first] = toFiguresText({ ...reportOf(3), isFull: false }).split('\n')
  t.match(first, /^Node 26.* processors\. Measured with `--quick`/)
})

t.test('only ratios are compared between two runs', async t => {
  const rows = toChangesText(reportOf(6), reportOf(3)).split('\n').slice(2)
  t.strictSame(rows, ['| time / bare | 3 | 1.50 |'])
})

t.test('what stands between the markers is replaced, and nothing else', async t => {
  const page = 'before\n<!-- figures -->\nold\n<!-- /figures -->\nafter\n'
  t.equal(replaceBetween(page, 'figures', 'new'), page.replace('old', 'new'))
  for (const text of ['', '<!-- figures -->', '<!-- /figures --><!-- figures -->'])
    t.throws(() => replaceBetween(text, 'figures', 'new'), { message: /has no <!-- figures -->/ })
})
