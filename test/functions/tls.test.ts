import t from 'tap'
import { createTlsRefresh, readTlsFiles } from '../../functions/tls.ts'
import { silentLog } from '../../shared/log.ts'

const paths = { cert: 'tls.crt', key: 'tls.key', clientCa: 'ca.crt' }

const missing = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOENT' }))

t.test('every file that cannot be read is named at once', async t => {
  await t.rejects(readTlsFiles(paths, missing), {
    code: 'CCM_CONFIG_INVALID',
    message:
      'settings: --tls-cert: the file cannot be read (ENOENT); --tls-key: the file cannot be read (ENOENT); ' +
      '--tls-client-ca: the file cannot be read (ENOENT)',
  })
})

t.test('only changed files are taken into use, and only usable ones', async t => {
  const files: Record<string, string> = { 'tls.crt': 'cert', 'tls.key': 'key', 'ca.crt': 'ca' }
  const readFile = async (path: string) => files[path] ?? ''
  const applied: unknown[] = []
  let broken = false
  const refresh = createTlsRefresh({
    files: await readTlsFiles(paths, readFile),
    read: () => readTlsFiles(paths, readFile),
    log: silentLog,
    apply: given => {
      if (broken) throw new Error('key values mismatch')
      applied.push(given)
    },
  })
  await refresh()
  t.strictSame(applied, [])
  files['tls.crt'] = 'cert-2'
  broken = true
  await t.rejects(refresh(), { message: 'key values mismatch' })
  broken = false
  await refresh()
  t.strictSame(applied, [{ cert: 'cert-2', key: 'key', clientCa: 'ca' }], 'tried again')
  files['ca.crt'] = 'ca-2'
  await refresh()
  await refresh()
  t.equal(applied.length, 2)
})
