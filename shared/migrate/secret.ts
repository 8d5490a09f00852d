import { readConfig, SETTINGS } from '../config.ts'
import { hasCode } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import { NAMESPACE } from '../kubernetes/names.ts'
import type { Setting } from '../settings.ts'
import { readSources } from '../sources.ts'

/** As the Go program's README, its manifest and its chart call it. */
const NAMES = ['pnap-cloud-config', 'phoenixnap-cloud-config', 'cloud-provider-phoenixnap'] as const
const KEY = 'cloud-sa.json'

/** The Secret from which the Go program has its settings. */
export interface LeftSecret {
  /** As `kube-system/pnap-cloud-config`. */
  readonly name: string
  /** Never told. */
  readonly text: string
  /** Settings that it gives here, as `PNAP_LOCATION`. */
  readonly settings: readonly string[]
  /** What cannot be read of it, without values. */
  readonly problems: readonly string[]
}

/** The first one found. @throws CcmError KUBE_*, as KUBE_FORBIDDEN for who may not read Secrets */
export async function findSecret(kube: Kube, signal: AbortSignal): Promise<LeftSecret | undefined> {
  for (const name of NAMES) {
    const text = await readText(kube, name, signal)
    if (text !== undefined) return toLeftSecret(`${NAMESPACE}/${name}`, text)
  }
  return undefined
}

async function readText(kube: Kube, name: string, signal: AbortSignal): Promise<string | undefined> {
  const path = `/api/v1/namespaces/${NAMESPACE}/secrets/${name}`
  try {
    const { body } = await kube.request<{ data?: Record<string, string> }>({ path, signal })
    const data = body.data?.[KEY]
    return data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8')
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
    throw error
  }
}

/** What the parser of the secret file makes of it. */
export async function toLeftSecret(name: string, text: string): Promise<LeftSecret> {
  const readFile = async (): Promise<string> => text
  const sources = await readSources({ flags: { 'cloud-config': name }, env: {}, readFile })
  const fields = new Set(Object.keys(sources.file ?? {}))
  const all: Setting<unknown>[] = Object.values(SETTINGS)
  const settings = all.filter(({ field }) => field !== undefined && fields.has(field)).map(({ env }) => env)
  return { name, text, settings, problems: findProblems(sources) }
}

function findProblems(sources: Parameters<typeof readConfig>[0]): readonly string[] {
  try {
    readConfig(sources, ['clientID', 'clientSecret'])
    return []
  } catch (error) {
    if (!hasCode(error, 'CCM_CONFIG_INVALID')) throw error
    return (error.fields as { problems?: readonly string[] }).problems ?? [error.message]
  }
}
