import t from 'tap'
import { toPrintable } from '../shared/printable.ts'

t.test('what others wrote stays on its line and moves no cursor', async t => {
  const cases: readonly [text: string, expected: string][] = [
    ['Service default/web', 'Service default/web'],
    ['prüfung ✓ 日本', 'prüfung ✓ 日本'],
    ['two\r\nlines\tand more', 'two lines and more'],
    ['\u001b[2Jred\u0007\u0000\u007f', '[2Jred'],
    ['\u009b31mC1\u0085next', '31mC1 next'],
    ['one\u2028two\u2029three', 'one two three'],
    ['abc\u202edcba\u2066x\u2069', 'abcdcbax'],
    ['web\u061c1', 'web1'],
  ]
  for (const [index, [text, expected]] of cases.entries())
    t.equal(toPrintable(text), expected, `case ${index}`)
})
