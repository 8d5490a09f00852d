import t from 'tap'
import { createFunctionHost } from '../../functions/function-host.ts'

t.test('a log line holds the secret settings in none of their forms', async t => {
  const PNAP_CLIENT_SECRET = 'p@ss w(rd/of+mine'
  const lines: string[] = []
  const host = createFunctionHost({
    readSources: async () => ({ env: { PNAP_CLIENT_ID: 'client-1', PNAP_CLIENT_SECRET } }),
    write: line => void lines.push(line),
  })
  const form = new URLSearchParams({ client_secret: PNAP_CLIENT_SECRET }).toString()
  const log = await host.log()
  log.warn({ form, url: encodeURIComponent(PNAP_CLIENT_SECRET), raw: PNAP_CLIENT_SECRET }, 'said')
  t.match(JSON.parse(lines[0] ?? ''), {
    form: 'client_secret=[redacted]',
    url: '[redacted]',
    raw: '[redacted]',
  })
})
