import { execFile } from 'node:child_process'
import { symlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { readTextFile } from '../shared/read-file.ts'
import { processInputs, readSources } from '../shared/sources.ts'

const MIB = 1024 * 1024
const TOO_LONG = 'it holds more than 1 MiB; name the file with the settings alone'

t.test('a file is read up to its end, as a mount of a Secret shows it', async t => {
  const folder = t.testdir({ '..2026': { token: 'ü secret\n' }, most: 'x'.repeat(MIB), none: '' })
  await symlink('..2026', `${folder}/..data`)
  await symlink('..data/token', `${folder}/token`)
  t.equal(await readTextFile(`${folder}/token`), 'ü secret\n')
  t.equal((await readTextFile(`${folder}/most`)).length, MIB)
  t.equal(await readTextFile(`${folder}/none`), '')
})

t.test('what is too long is refused, and what never ends', async t => {
  const path = `${t.testdir({ long: 'x'.repeat(MIB + 1) })}/long`
  await t.rejects(readTextFile(path), { code: TOO_LONG, message: TOO_LONG })
  t.equal((await readTextFile(path, 2)).length, MIB + 1)
  await t.rejects(readTextFile('/dev/zero'), { code: TOO_LONG })
})

t.test('what is no file has the code of the system', async t => {
  const folder = t.testdir({})
  await t.rejects(readTextFile(`${folder}/none`), { code: 'ENOENT' })
  await t.rejects(readTextFile(folder), { code: 'EISDIR' })
})

t.test('pipes and the standard input are read to their end', async t => {
  const script = `import('${new URL('../shared/read-file.ts', import.meta.url).href}').then(async m => process.stdout.write(await m.readTextFile(process.argv[1])))`
  const command = `(printf one; printf two) | "${process.execPath}" -e "${script}" /dev/stdin`
  t.equal((await promisify(execFile)('sh', ['-c', command])).stdout, 'onetwo')
  const folder = t.testdir({})
  const pipe = `mkfifo ${folder}/p; (printf three > ${folder}/p &) ; "${process.execPath}" -e "${script}" ${folder}/p`
  t.equal((await promisify(execFile)('sh', ['-c', pipe])).stdout, 'three')
})

t.test('a file of settings that is too long is a problem that says what to do', async t => {
  const path = `${t.testdir({ long: '['.repeat(6 * MIB) })}/long`
  const flags = { 'cloud-config': path, 'webhook-token-file': '/dev/zero' }
  const { problems } = await readSources({ flags, env: {}, readFile: processInputs.readFile })
  t.strictSame(problems?.toSorted(), [
    `--cloud-config: the file cannot be read (${TOO_LONG})`,
    `--webhook-token-file: the file cannot be read (${TOO_LONG})`,
  ])
})
