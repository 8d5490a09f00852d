import t from 'tap'
import { type Options, readOptions, toUsage } from '../../bench/options.ts'

const KNOWN = ['one', 'two', 'three']
const PLAIN: Options = { json: false, check: false, quick: false, profile: undefined, names: KNOWN }

for (const [args, expected] of [
  [[], PLAIN],
  [['--json', '--check', '--quick'], { ...PLAIN, json: true, check: true, quick: true }],
  [['--profile', 'here'], { ...PLAIN, profile: 'here' }],
  [['three', 'one'], { ...PLAIN, names: ['one', 'three'] }],
  [['--check', 'two'], { ...PLAIN, check: true, names: ['two'] }],
] as const)
  t.test(`bench ${args.join(' ')}`, async t =>
    t.strictSame(readOptions(args, KNOWN), { do: 'run', options: expected }),
  )

for (const [args, why] of [
  [['four', 'one', 'five'], /^no such benchmark: four, five$/],
  [['--fast'], /--fast/],
  [['--json=yes'], /--json/],
  [['--profile'], /--profile/],
] as const)
  t.test(`bench ${args.join(' ')} is refused`, async t =>
    t.match(readOptions(args, KNOWN), { do: 'refuse', why }),
  )

t.test('help is asked for', async t => {
  for (const flag of ['--help', '-h']) t.strictSame(readOptions([flag, 'one'], KNOWN), { do: 'help' })
  for (const word of [...KNOWN, '--check', '--json', '--quick', '--profile'])
    t.ok(toUsage(KNOWN).includes(word), word)
})
