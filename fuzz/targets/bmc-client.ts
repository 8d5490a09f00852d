import { type Bmc, createBmc, type Fetch } from '../../shared/bmc/client.ts'
import { silentLog } from '../../shared/log.ts'
import { createHastyClock } from '../clock.ts'

/** A server's answer, whatever it is. */
export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

const toResponse = ({ status, body, headers }: Answer): unknown => ({
  status,
  ok: status >= 200 && status < 300,
  headers: { get: (name: string) => (headers as Record<string, string>)[name] || null },
  text: async () => body,
})

const TOKEN: Answer = { status: 200, body: '{"access_token":"abcdefgh","expires_in":900}', headers: {} }

/** A client whose every call is answered so. */
export function clientOf(answer: Answer, token: Answer = TOKEN): Bmc {
  const fetch = (async (url: string) =>
    toResponse(url.endsWith('/token') ? token : answer)) as unknown as Fetch
  return createBmc({
    baseUrl: 'https://bmc.test',
    tokenUrl: 'https://auth.test/token',
    credentials: async () => ({ clientId: 'client', clientSecret: 'a-secret-of-ours' }),
    clock: createHastyClock(),
    timeoutMs: 3_600_000,
    random: () => 0.5,
    log: silentLog,
    fetch,
  })
}
