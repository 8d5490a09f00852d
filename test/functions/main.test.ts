import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const ROOT = join(import.meta.dirname, '../..')

/** @param command where `$program` is ours */
const runShell = (command: string) =>
  spawnSync('bash', ['-c', command], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, program: `${process.execPath} functions/main.ts`, NODE_OPTIONS: '' },
  })

t.test('who has read enough of the output costs nothing', async t => {
  const { stdout, stderr } = runShell('$program help | true; echo "${PIPESTATUS[0]}"')
  t.strictSame([stdout, stderr], ['0\n', ''])
})

t.test('output that cannot be written is a failure', { skip: !existsSync('/dev/full') }, async t => {
  const { status, stderr } = runShell('$program help > /dev/full')
  t.equal(status, 1)
  t.match(stderr, /^CCM_OUTPUT_UNWRITABLE: standard output cannot be written: ENOSPC\nGive standard output/)
})

t.test('errors that nobody reads stop nothing', async t => {
  const { stdout } = runShell('$program serve 2> >(true); echo "$?"')
  t.equal(stdout, '2\n')
})

t.test('a plan is shown in full where it is asked for', async t => {
  const { stderr } = runShell('$program resync --dry-run --full')
  t.notMatch(stderr, /--full/)
  t.match(stderr, /PNAP_CLIENT_ID is missing/)
})
