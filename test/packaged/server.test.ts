import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { build } from '../../infra/build.ts'
import { readVersion } from '../../shared/version.ts'

t.test('the built program runs without a checkout', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'packaged-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const entry = join(import.meta.dirname, '../../functions/main.ts')
  await build({ out: folder, functions: {}, server: entry })
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(folder, 'server/main.mjs'), ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { PNAP_WEBHOOK_TOKEN: 'webhook-token-of-a-test' },
    })

  t.match(run('version'), { status: 0, stdout: `${await readVersion()}\n` })
  t.match(run('help'), { status: 0, stdout: /serve/ })
  const printed = run('register', '--url', 'https://ccm.example.com', '--print')
  t.equal(printed.status, 0, printed.stderr)
  t.equal(parseAllDocuments(printed.stdout).length, 6, 'the manifests are part of it')
  t.match(run('serve'), { status: 2, stderr: /PNAP_CLIENT_ID is missing/ })
})
