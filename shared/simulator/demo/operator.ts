import fetch from 'node-fetch'
import type { BmcSimulator } from '../bmc/server.ts'
import { DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET } from '../bmc/server.ts'
import { StoryError } from './contract.ts'

/** The person who orders servers, at the BMC API and with a token of their own. */
export interface Operator {
  /** Orders a server; it boots in its own time. @returns its id */
  order(hostname: string): Promise<string>
  powerOff(id: string): Promise<void>
  powerOn(id: string): Promise<void>
  delete(id: string): Promise<void>
  /** Requests made so far, so that they are not taken for the controller's. */
  calls(): number
}

const HARDWARE = { os: 'ubuntu/jammy', type: 's2.c1.medium', location: 'PHX' }

export function createOperator({ url, tokenUrl }: Pick<BmcSimulator, 'url' | 'tokenUrl'>): Operator {
  let calls = 0
  let token: Promise<string> | undefined

  async function send(method: string, target: string, headers: object, body?: string): Promise<unknown> {
    calls += 1
    const response = await fetch(target, { method, headers: { ...headers }, ...(body ? { body } : {}) })
    if (!response.ok) throw new StoryError(`${method} ${target} answers ${response.status}`)
    return response.json()
  }

  async function login(): Promise<string> {
    const credentials = Buffer.from(`${DEFAULT_CLIENT_ID}:${DEFAULT_CLIENT_SECRET}`).toString('base64')
    const headers = {
      authorization: `Basic ${credentials}`,
      'content-type': 'application/x-www-form-urlencoded',
    }
    const answer = await send('POST', tokenUrl, headers, 'grant_type=client_credentials')
    return (answer as { access_token: string }).access_token
  }

  async function call(method: string, path: string, body?: object): Promise<unknown> {
    token ??= login()
    const headers = { authorization: `Bearer ${await token}`, 'content-type': 'application/json' }
    return send(method, `${url}/bmc/v1/servers${path}`, headers, body && JSON.stringify(body))
  }

  return {
    async order(hostname) {
      return ((await call('POST', '', { ...HARDWARE, hostname })) as { id: string }).id
    },
    powerOff: async id => void (await call('POST', `/${id}/actions/power-off`)),
    powerOn: async id => void (await call('POST', `/${id}/actions/power-on`)),
    delete: async id => void (await call('DELETE', `/${id}`)),
    calls: () => calls,
  }
}
