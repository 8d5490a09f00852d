import t from 'tap'
import { toStatusText } from '../../functions/status-text.ts'
import { PLAIN, toOutLook } from '../../functions/terminal/look.ts'
import type { Status } from '../../shared/status/contract.ts'
import { toMany } from './_many.ts'
import { STATUS } from './_model.ts'

const at80 = toOutLook({ env: { NO_COLOR: '1' }, outTerminal: true, columns: 80 })

t.test('what is shown at a terminal of 80 columns', async t => {
  t.equal(
    toStatusText(STATUS, at80),
    `Something wants attention.
- 1 node waits to be initialised
- 1 Service waits for an address
cluster uid-1, seen 2026-11-23 11:20:04 UTC

passes      the last complete one 20 s ago, one each 1 min
BMC         answers, 2 servers
Go program  none is there

NODES  2: 1 waiting, 1 ready
  node-b  waiting · 3 min · CCM_INSTANCE_NOT_FOUND
      No BMC server of this account has the hostname node-b.
  → Check the hostname.

SERVICES  2: 1 waiting, 1 served
  default/asks  waiting · 5 s
      IPv4: what it asks for cannot be had
      CCM_ADDRESS_OUTSIDE: Ask for another one.

ADDRESSES  1 block: 1 used, 1 resting, 3 free
  # used   z resting   . free   N network   G gateway   B broadcast
  203.0.113.0/29      NG#z...B          PHX assigned, open
    203.0.113.3 resting for default/gone for 5 min more (its Service has gone)

HELD BACK  1
  node node-c: its server answers by its id

The next pass makes 1 change: see resync --dry-run.
`,
  )
})

t.test('no line is wider than the terminal, and ten thousand nodes fit on a screen or two', async t => {
  const lines = toStatusText(toMany(STATUS, 10_000, 5000), at80).split('\n')
  t.strictSame(
    lines.filter(line => line.length > 80),
    [],
  )
  t.ok(lines.length < 60, `${lines.length} lines`)
  t.ok(lines.includes('NODES  10,000: 100 waiting, 9,900 ready'))
  t.ok(lines.includes('  … and 97 more of this kind (--output json has all)'))
})

t.test('colours stand on a terminal only', async t => {
  const escape = '\u001b'
  const colourful = toStatusText(STATUS, toOutLook({ env: {}, outTerminal: true, columns: 80 }))
  t.ok(colourful.includes(`${escape}[32m#${escape}[39m`), 'the map too')
  t.notOk(toStatusText(STATUS, PLAIN).includes(escape))
})

t.test('names of others move no cursor', async t => {
  const [row] = STATUS.services.rows
  const hostile: Status = {
    ...STATUS,
    services: { ...STATUS.services, rows: row ? [{ ...row, why: 'a\u001b[2Jb\nc\u202ed' }] : [] },
  }
  t.match(toStatusText(hostile, PLAIN), /\n {6}a\[2Jb cd\n/)
})

t.test('a large block is told, not drawn', async t => {
  const [block] = STATUS.addresses.blocks
  const runs = [
    { first: '2001:db8::', last: '2001:db8::', count: 1, kind: 'network' },
    { first: '2001:db8::1', last: '2001:db8::ffff:ffff:ffff:ffff', count: 2 ** 64, kind: 'free' },
  ] as const
  const blocks = block ? [{ ...block, cidr: '2001:db8::/64', family: 'IPv6' as const, runs }] : []
  const text = toStatusText({ ...STATUS, addresses: { ...STATUS.addresses, blocks } }, at80)
  t.match(text, '    . 2001:db8::1 to 2001:db8::ffff:ffff:ffff:ffff (2^64)')
})
