import type { KubeAnswer } from '../../kubernetes/client.ts'
import { type Check, fail, ok, toAge, toNames, unknown, warn } from '../contract.ts'

const LEAST_NODE = 22
const GOOD_NODE = 24
/** What webhook and token times allow for. */
const MAX_SKEW_MS = 30_000
/** Time to put a new one in its place. */
const SOON_MS = 14 * 86_400_000
const PROXY = /^(https?|all)_proxy$/i

export const HOST_CHECKS: readonly Check[] = [
  {
    code: 'settings',
    doc: 'Flags, environment and secret file can be read, and nothing in them is unknown.',
    action: 'Correct what the line names; docs/reference/settings.md has all settings.',
    async run({ problems, notices }) {
      if (problems.length > 0) return fail(problems.join('; '))
      return notices.length > 0 ? warn(notices.join('; ')) : ok('all settings can be read')
    },
  },
  {
    code: 'node-version',
    doc: 'The Node that runs this is one that the program is tested on.',
    action: 'Run it on Node 24 or newer, or take the binary, which needs none.',
    async run({ nodeVersion }) {
      const major = Number.parseInt(nodeVersion.replace(/^v/, ''), 10)
      if (major < LEAST_NODE) return fail(`Node ${nodeVersion} is too old`)
      return major < GOOD_NODE ? warn(`Node ${nodeVersion} is not tested`) : ok(`Node ${nodeVersion}`)
    },
  },
  {
    code: 'proxy',
    doc: 'No proxy is set that the program would pass by.',
    action:
      'Requests to BMC go directly: open the way to api.phoenixnap.com and auth.phoenixnap.com. A proxy for the cluster is named in the kubeconfig (proxy-url).',
    async run({ env }) {
      const set = Object.keys(env).filter(name => PROXY.test(name) && env[name])
      return set.length > 0 ? warn(`${toNames(set)} is set and has no effect`) : ok('no proxy is set')
    },
  },
  {
    code: 'clock-cluster',
    doc: 'This machine and the API server agree on the time within 30 s.',
    action: 'Synchronise the clocks (NTP): times in Leases and claims are compared across machines.',
    async run({ kube, clock, signal }) {
      const answer: KubeAnswer<unknown> = await kube().request({ path: '/version', signal })
      return judgeSkew('the API server', answer.date - clock.now())
    },
  },
  {
    code: 'clock-bmc',
    doc: 'This machine and BMC agree on the time within 30 s.',
    action: 'Synchronise the clock of this machine (NTP).',
    async run({ credentials, clock }) {
      const { date } = await credentials()
      return date === undefined ? unknown('BMC tells no time') : judgeSkew('BMC', date - clock.now())
    },
  },
  {
    code: 'clock-apart',
    doc: 'BMC and the API server agree on the time within 30 s.',
    action:
      'Synchronise the clocks of the control plane (NTP); where it is BMC that is off, tell its support: how long a block has been on its way is judged by both.',
    async run({ credentials, kube, clock, signal }) {
      const { date } = await credentials()
      if (date === undefined) return unknown('BMC tells no time')
      const bmc = date - clock.now()
      const answer: KubeAnswer<unknown> = await kube().request({ path: '/version', signal })
      return judgeSkew('BMC', bmc - (answer.date - clock.now()), 'the API server')
    },
  },
  {
    code: 'kubeconfig-expiry',
    doc: 'The token or client certificate of the kubeconfig does not end soon.',
    action: 'Make a new one: cloud-provider-phoenixnap register --kubeconfig-out F --rotate.',
    async run({ kubeCredentials, kube, clock }) {
      kube()
      const ends = [
        readTokenEnd(kubeCredentials.token),
        await readCertificateEnd(kubeCredentials.certificate),
      ]
      const end = Math.min(...ends.filter(one => one !== undefined))
      if (!Number.isFinite(end)) return ok('no end is named in the credentials of the cluster')
      const left = end - clock.now()
      if (left <= 0) return fail(`the credentials of the cluster ended ${toAge(-left)} ago`)
      const fact = `the credentials of the cluster end in ${toAge(left)}`
      return left < SOON_MS && !isRenewed(kubeCredentials.token) ? warn(fact) : ok(fact)
    },
  },
]

function judgeSkew(who: string, skewMs: number, whom = 'this machine'): ReturnType<typeof ok> {
  const fact = `${who} is ${toAge(Math.abs(skewMs))} ${skewMs < 0 ? 'behind' : 'ahead of'} ${whom}`
  return Math.abs(skewMs) > MAX_SKEW_MS ? fail(fact) : ok(fact)
}

type Claims = Readonly<Record<string, unknown>>

function readClaims(token: string | undefined): Claims {
  try {
    const text = Buffer.from((token ?? '').split('.')[1] ?? '', 'base64url').toString('utf8')
    const claims: unknown = JSON.parse(text)
    return typeof claims === 'object' && claims !== null ? { ...claims } : {}
  } catch {
    return {}
  }
}

/** When a token that is a JWT ends, in milliseconds since 1970. */
export function readTokenEnd(token: string | undefined): number | undefined {
  const { exp } = readClaims(token)
  return typeof exp === 'number' ? exp * 1000 : undefined
}

/** A Pod's token is renewed by its kubelet long before its end. */
function isRenewed(token: string | undefined): boolean {
  const claims = readClaims(token)['kubernetes.io']
  return typeof claims === 'object' && claims !== null && 'pod' in claims
}

async function readCertificateEnd(pem: string | undefined): Promise<number | undefined> {
  if (pem === undefined) return undefined
  const { X509Certificate } = await import('node:crypto')
  return new X509Certificate(pem).validToDate.getTime()
}
