import type { BmcSimulator } from './server.ts'
import { DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, startBmcSimulator } from './server.ts'

export interface SimulateOptions {
  /** 0: any free one. */
  readonly port: number
  /** Servers to begin with, called node-1, node-2 … */
  readonly servers: number
  /** Public networks to begin with, each with one /29. */
  readonly networks: number
  /** Form of the lines that say where it is; text by default. */
  readonly output?: 'text' | 'json'
}

/**
 * Runs the simulator alone, for looking at it with curl or pointing a program at it.
 *
 * @param out receives each line of text, without newline
 * @param signal ends it; the promise resolves when the port is free again
 */
export async function runSimulate(
  options: SimulateOptions,
  out: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const simulator = await startBmcSimulator({ port: options.port })
  try {
    seed(simulator, options)
    for (const line of (options.output === 'json' ? toFacts : describe)(simulator, options)) out(line)
    await ended(signal)
  } finally {
    await simulator.close()
  }
}

function seed({ backend }: BmcSimulator, { servers, networks }: SimulateOptions): void {
  for (let number = 1; number <= servers; number += 1) backend.addServer({ hostname: `node-${number}` })
  for (let number = 1; number <= networks; number += 1) {
    backend.addPublicNetwork({ blockIds: [backend.addIpBlock().id] })
  }
}

const toFacts = (
  { url, tokenUrl }: BmcSimulator,
  { servers, networks }: SimulateOptions,
): readonly string[] => [
  JSON.stringify(
    {
      baseUrl: url,
      tokenUrl,
      clientId: DEFAULT_CLIENT_ID,
      clientSecret: DEFAULT_CLIENT_SECRET,
      servers,
      networks,
    },
    undefined,
    2,
  ),
]

function describe(
  { url, tokenUrl, backend }: BmcSimulator,
  { servers, networks }: SimulateOptions,
): string[] {
  const [server, network] = [backend.servers()[0], backend.publicNetworks()[0]]
  const get = `curl -s -H "Authorization: Bearer $TOKEN" ${url}`
  return [
    `BMC API simulator with ${servers} servers and ${networks} public networks; Ctrl-C ends it, and nothing is kept.`,
    '',
    `  base URL       ${url}`,
    `  token URL      ${tokenUrl}`,
    `  client ID      ${DEFAULT_CLIENT_ID}`,
    `  client secret  ${DEFAULT_CLIENT_SECRET}`,
    '',
    'Try it:',
    `  TOKEN=$(curl -s -u ${DEFAULT_CLIENT_ID}:${DEFAULT_CLIENT_SECRET} -d grant_type=client_credentials \\`,
    `    ${tokenUrl} \\`,
    `    | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    `  ${get}/bmc/v1/servers`,
    ...(server === undefined ? [] : [`  ${get}/bmc/v1/servers/${server.id}`]),
    ...(network === undefined ? [] : [`  ${get}/networks/v1/public-networks/${network.id}`]),
    `  ${get}/ips/v1/ip-blocks`,
  ]
}

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
