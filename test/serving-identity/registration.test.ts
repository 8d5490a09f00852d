import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { createCertificates } from '../../shared/certificates.ts'
import { hasCode } from '../../shared/errors.ts'
import type { Kube, KubeAnswer, KubeRequest } from '../../shared/kubernetes/client.ts'
import { silentLog } from '../../shared/log.ts'
import { applyObject } from '../../shared/register/apply.ts'
import { type KubeObject, readWebhooks, type WebhookTarget } from '../../shared/register/manifests.ts'
import { CLAIM_MS } from '../../shared/serving-identity/claim.ts'
import { createRegistration, type Registration } from '../../shared/serving-identity/registration.ts'
import { FOREIGN_MS, isSameTrust } from '../../shared/serving-identity/trusted.ts'
import { CONTROLLER, forEachCluster } from '../support/cluster.ts'
import { collectLog, type Line } from '../support/collect-log.ts'

const PATH = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/cloud-provider-phoenixnap'
const { ca } = await createCertificates({ hosts: ['a'] })
const other = (await createCertificates({ hosts: ['a'] })).ca
const SERVICE = { namespace: 'kube-system', name: 'ccm', port: 443, path: '/admission/first' }

interface Configuration extends KubeObject {
  readonly webhooks: readonly { readonly clientConfig: { readonly [key: string]: unknown } }[]
}

const toClients = (object: KubeObject | undefined): unknown =>
  (object as Configuration | undefined)?.webhooks.map(({ clientConfig }) => clientConfig)

forEachCluster(t, 'the webhook configuration', {}, async (t, cluster) => {
  const admin = await cluster.kube()
  const manifest = await readFile(new URL('../../infra/rbac-self.yaml', import.meta.url), 'utf8')
  for (const document of parseAllDocuments(manifest))
    await applyObject(admin, document.toJS() as KubeObject, false)
  const kube = await cluster.kube(CONTROLLER)
  let target: WebhookTarget = { url: SERVICE, ca }
  const writes: string[] = []
  /** By which the API server's clock is put forward. */
  let aheadMs = 0
  const registration = createRegistration({
    kube: shifting(counting(kube, writes), () => aheadMs),
    target: async () => target,
    log: silentLog,
  })
  await whenAllowed(registration)

  const stored = async (): Promise<Configuration> => (await admin.request<Configuration>({ path: PATH })).body
  /** As somebody else would: with a field manager of their own. */
  const edit = (body: unknown) =>
    admin.request({
      method: 'PATCH',
      path: PATH,
      patch: 'json',
      query: { fieldManager: 'kubectl-edit' },
      body,
    })

  async function isRight(): Promise<boolean> {
    const [wanted] = await readWebhooks(target, CONTROLLER)
    return isDeepStrictEqual(toClients(await stored()), toClients(wanted))
  }

  t.test('is as register would apply it, for the user as whom we act', async t => {
    t.ok(await isRight())
    t.match(JSON.stringify((await stored()).webhooks), `request.userInfo.username != \\"${CONTROLLER}\\"`)
  })

  t.test('is not written when nothing changed', async t => {
    writes.length = 0
    for (let i = 0; i < 3; i++) await registration.keep()
    t.strictSame(writes, [])
  })

  const EDITS: readonly [what: string, body: unknown][] = [
    [
      'a URL in the place of the Service',
      [{ op: 'replace', path: '/webhooks/1/clientConfig', value: { url: 'https://elsewhere' } }],
    ],
    ['fewer operations', [{ op: 'replace', path: '/webhooks/1/rules/0/operations', value: ['CREATE'] }]],
    ['a webhook taken away', [{ op: 'remove', path: '/webhooks/1' }]],
    ['another policy', [{ op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Fail' }]],
    ['no labels', [{ op: 'remove', path: '/metadata/labels' }]],
  ]
  for (const [what, body] of EDITS)
    t.test(`is put right after somebody's edit: ${what}`, async t => {
      await edit(body)
      await registration.keep()
      t.ok(await isRight())
      const { webhooks } = await stored()
      t.match(webhooks, [
        { failurePolicy: 'Ignore' },
        { rules: [{ operations: ['CREATE', 'UPDATE', 'DELETE'] }] },
      ])
      writes.length = 0
      await registration.keep()
      t.strictSame(writes, [], 'and then left alone')
    })

  const trusted = async (): Promise<string> => {
    const caBundle = (await stored()).webhooks[0]?.clientConfig['caBundle']
    return Buffer.from(typeof caBundle === 'string' ? caBundle : '', 'base64').toString()
  }

  t.test(
    'is trusted again at once, and an authority that somebody else wrote leaves a day later',
    async t => {
      const value = Buffer.from(other).toString('base64')
      await edit(
        [0, 1].map(index => ({ op: 'replace', path: `/webhooks/${index}/clientConfig/caBundle`, value })),
      )
      await registration.keep()
      t.ok(isSameTrust(await trusted(), ca + other))
      writes.length = 0
      await registration.keep()
      t.strictSame(writes, [])
      aheadMs = FOREIGN_MS
      await registration.keep()
      t.ok(await isRight())
      aheadMs = 0
    },
  )

  const places = async (): Promise<unknown[]> =>
    (await stored()).webhooks.map(({ clientConfig }) => clientConfig['url'])

  t.test('of another host that began later is left for an hour', async t => {
    const lines: Line[] = []
    const url = 'https://elsewhere.example.com:8443/admission/theirs'
    const clock = { kube: shifting(kube, () => aheadMs), log: collectLog(lines) }
    const first = createRegistration({ ...clock, target: async () => target })
    const later = createRegistration({ ...clock, target: async () => ({ url, ca }) })
    await first.keep()
    await later.keep()
    for (let i = 0; i < 3; i++) for (const each of [first, later]) await each.keep()
    t.strictSame(await places(), [url, url])
    const left = lines.filter(({ level }) => level === 'warn')
    t.match(
      left,
      [{ fields: { registered: 'https://elsewhere.example.com:8443' } }],
      'told once, without the path',
    )
    t.equal(left.length, 1)
    aheadMs = CLAIM_MS
    await first.keep()
    t.ok(await isRight(), 'that one may have ended')
    await later.keep()
    t.ok(await isRight(), 'and if not, it waits for its turn')
    aheadMs = 0
    await edit([{ op: 'remove', path: '/metadata/annotations' }])
    await registration.keep()
  })

  t.test('keeps what others set beside it', async t => {
    const objectSelector = { matchLabels: { a: 'b' } }
    await edit([{ op: 'replace', path: '/webhooks/1/objectSelector', value: objectSelector }])
    await registration.keep()
    t.match((await stored()).webhooks[1], { objectSelector })
  })

  t.test('follows token, authority and place', async t => {
    target = { url: { ...SERVICE, path: '/admission/second' }, ca: `${ca}${other}` }
    await registration.keep()
    t.ok(await isRight())
    target = { url: 'https://ccm.example.com:8443/admission/third' }
    await registration.keep()
    t.ok(await isRight(), 'the Service and the authority are taken back')
  })

  t.test('is made anew when it was deleted', async t => {
    await admin.request({ method: 'DELETE', path: PATH })
    await registration.keep()
    t.ok(await isRight())
  })

  // The simulator knows no rights.
  if (cluster.kind === 'simulator') return
  t.test('needs rights, and says which', async t => {
    const stranger = await cluster.kube('system:serviceaccount:kube-system:stranger')
    const options = { kube: stranger, target: async () => target, log: silentLog }
    await t.rejects(createRegistration(options).keep(), {
      code: 'CCM_REGISTRATION_FORBIDDEN',
      message: /^the webhook cannot be registered: .*cannot get resource "mutatingwebhookconfigurations"/,
      action: /rbac-self\.yaml/,
    })
  })
})

function counting(kube: Kube, writes: string[]): Kube {
  return {
    ...kube,
    request(request) {
      if ((request.method ?? 'GET') !== 'GET') writes.push(`${request.method} ${request.path}`)
      return kube.request(request)
    },
  }
}

function shifting(kube: Kube, ahead: () => number): Kube {
  return {
    ...kube,
    request: async <T>(request: KubeRequest): Promise<KubeAnswer<T>> => {
      const answer = await kube.request<T>(request)
      return { ...answer, date: answer.date + ahead() }
    },
  }
}

/** An API server hears of roles some moments after it stored them. */
async function whenAllowed(registration: Registration): Promise<void> {
  for (;;) {
    try {
      return await registration.keep()
    } catch (error) {
      if (!hasCode(error, 'CCM_REGISTRATION_FORBIDDEN')) throw error
      await sleep(20)
    }
  }
}
