import t from 'tap'
import { readConfig } from '../shared/config.ts'
import { readSources, type SourceInputs } from '../shared/sources.ts'

const read = async (inputs: SourceInputs) => readConfig(await readSources({ env: {}, ...inputs }))
const level = async (inputs: SourceInputs): Promise<string> => (await read(inputs)).config.logLevel

t.test('--v is the level in the numbers of Kubernetes', async t => {
  t.equal(await level({}), 'info')
  t.equal(await level({ flags: { v: '4' } }), 'debug')
  t.equal(await level({ env: { PNAP_V: '6' } }), 'trace')
  t.equal(
    await level({ env: { PNAP_V: '2', PNAP_LOG_LEVEL: 'info' } }),
    'info',
    'both, and they say the same',
  )
  t.equal(await level({ flags: { v: '0' }, env: { PNAP_V: '9' } }), 'info', 'the flag wins')
})

t.test('two levels that contradict each other are named, with every other problem', async t => {
  await t.rejects(read({ flags: { v: '6' }, env: { PNAP_LOG_LEVEL: 'warn', PNAP_MAX_BLOCKS: 'x' } }), {
    code: 'CCM_CONFIG_INVALID',
    message: /PNAP_MAX_BLOCKS: .*; --v and PNAP_LOG_LEVEL ask for different levels: give one of them/,
  })
  for (const v of ['-1', '1.5', 'debug', 'vv', '99999999999'])
    await t.rejects(read({ flags: { v } }), { message: /--v: expected a whole number from 0/ }, v)
})
