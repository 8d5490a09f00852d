import { isDeepStrictEqual } from 'node:util'
import { readWebhooks } from '../../register/manifests.ts'
import { type Check, type Finding, fail, ok, toAge, toNames, unknown, warn } from '../contract.ts'
import type { Facts } from '../facts.ts'
import { judgePath, toTarget, type Webhook, type WebhookTarget } from '../webhook-configuration.ts'
import { probeNode, probeService } from '../webhook-probe.ts'

const NONE = 'there is no MutatingWebhookConfiguration cloud-provider-phoenixnap'
const REGISTER = 'Register the webhook: cloud-provider-phoenixnap register --url https://…'
/** Fields that an operator or the API server fills in. */
const FILLED = new Set(['clientConfig', 'matchConditions'])
const SOON_MS = 14 * 86_400_000

export const WEBHOOK_CHECKS: readonly Check[] = [
  {
    code: 'webhook-registered',
    doc: 'The webhook configuration is there, for nodes and Services, and says what the shipped one says.',
    action: REGISTER,
    async run({ webhooks, user }) {
      const found = await webhooks()
      if (!found) return fail(NONE)
      const shipped = await readShipped(user)
      const missing = shipped.filter(({ name }) => !find(found.webhooks, name))
      if (missing.length > 0) return fail(`${toNames(missing.map(({ name }) => name))} is missing`)
      const changed = shipped.flatMap(webhook => findChanges(webhook, find(found.webhooks, webhook.name)))
      return changed.length > 0 ? warn(`not as shipped: ${toNames(changed)}`) : ok('it is as shipped')
    },
  },
  {
    code: 'webhook-user',
    doc: 'The webhook leaves out the requests of the user that the handlers act as, and of nobody else.',
    action: `Register again with --user. ${REGISTER}`,
    async run({ webhooks, user }) {
      const found = await webhooks()
      if (!found) return unknown(NONE, REGISTER)
      const quoted = [`'${user}'`, JSON.stringify(user)]
      const wrong = (found.webhooks ?? []).filter(
        ({ matchConditions = [] }) =>
          !matchConditions.some(({ expression }) => quoted.some(text => expression.includes(`!= ${text}`))),
      )
      if (wrong.length === 0) return ok(`requests of ${user} are left out`)
      return fail(`${toNames(wrong.map(({ name }) => name))}: requests of ${user} are not left out`)
    },
  },
  {
    code: 'webhook-secret',
    doc: 'The path of the webhook is made of the webhook token that is set here.',
    action: `Register again with the token that the handlers have. ${REGISTER}`,
    async run(facts) {
      const { webhookToken, webhookTokenPrevious } = facts.config()
      const target = await findTarget(facts)
      if (!target) return unknown(NONE, REGISTER)
      if (webhookToken === undefined)
        return unknown('PNAP_WEBHOOK_TOKEN is not set here', 'Set it to compare.')
      const tokens = [webhookToken, webhookTokenPrevious].filter(token => token !== undefined)
      switch (judgePath(target.path, tokens)) {
        case 'current':
          return ok('the path is made of PNAP_WEBHOOK_TOKEN')
        case 'previous':
          return warn('the path is made of PNAP_WEBHOOK_TOKEN_PREVIOUS')
        case 'bearer':
          return ok('the API server is to send the token itself (--bearer)')
        case 'wrong':
          return fail('the path is made of another webhook token')
      }
    },
  },
  {
    code: 'webhook-certificate',
    doc: 'The certificate of the webhook is trusted by the authority that the API server is told, and does not end soon.',
    action: `Renew the certificate; with another authority, register again with --ca-file. ${REGISTER}`,
    async run(facts) {
      const target = await findTarget(facts)
      if (!target) return unknown(NONE, REGISTER)
      return lookAtCertificate(facts, target)
    },
  },
  {
    code: 'webhook-called',
    doc: 'The API server calls the webhook: a dry run of a new Service (or node) comes back as the handlers make it.',
    action:
      'See the log of the API server for "failed calling webhook", and that it reaches the URL and trusts its certificate. Until it is called, audit and passes do the work.',
    run: async facts => judgeCall(facts),
  },
]

const readShipped = async (user: string): Promise<readonly Webhook[]> => {
  const objects = await readWebhooks({ url: 'https://unused.invalid' }, user)
  return objects.flatMap(object => object['webhooks'] as readonly Webhook[])
}

const find = (webhooks: readonly Webhook[] | undefined, name: string): Webhook | undefined =>
  webhooks?.find(webhook => webhook.name === name)

const toNamesOf = ({ matchConditions = [] }: Webhook): readonly string[] =>
  matchConditions.map(({ name }) => name)

/** Fields in which a registered webhook differs from the shipped one, as `nodes.phoenixnap.com: failurePolicy`. */
export function findChanges(shipped: Webhook, found: Webhook | undefined): readonly string[] {
  if (!found) return []
  const fields = Object.keys(shipped).filter(field => !FILLED.has(field))
  const changed = fields.filter(field => !isDeepStrictEqual(shipped[field], found[field]))
  const conditions = isDeepStrictEqual(toNamesOf(shipped), toNamesOf(found)) ? [] : ['matchConditions']
  return [...changed, ...conditions].map(field => `${shipped.name}: ${field}`)
}

async function findTarget({ webhooks }: Facts): Promise<WebhookTarget | undefined> {
  const [first] = (await webhooks())?.webhooks ?? []
  return first && toTarget(first.clientConfig)
}

async function lookAtCertificate(facts: Facts, target: WebhookTarget): Promise<Finding> {
  const { host, port, ca, inCluster } = target
  const where = `${host}:${port}`
  try {
    const { distrust, validTo } = await facts.lookAtTls({ host, port, ca, signal: facts.signal })
    const left = validTo - facts.clock.now()
    if (left <= 0) return fail(`the certificate of ${where} ended ${toAge(-left)} ago`)
    if (distrust !== undefined) return fail(`the certificate of ${where} is not trusted: ${distrust}`)
    const fact = `the certificate of ${where} is trusted and ends in ${toAge(left)}`
    return left < SOON_MS ? warn(fact) : ok(fact)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const hint = inCluster ? 'It is a Service: run doctor in the cluster to look.' : CALLED
    return unknown(`${where} cannot be reached from here: ${why}`, hint)
  }
}

const CALLED = 'What counts is whether the API server reaches it: see the check webhook-called.'

async function judgeCall(facts: Facts): Promise<Finding> {
  if ((await facts.self()) === facts.user) {
    return unknown("requests of the handlers' user are not reviewed", 'Run doctor as an administrator.')
  }
  if (facts.config().loadBalancer) {
    const called = await probeService(facts.kube(), facts.signal)
    return called
      ? ok('a dry run of a new Service was reviewed')
      : fail('a dry run of a new Service was not reviewed')
  }
  const nodes = await facts.nodes()
  const called = await probeNode(facts.kube(), await facts.instances(), nodes, facts.signal)
  if (called === undefined) return unknown('every server has joined, and load balancers are disabled', LATER)
  return called
    ? ok('a dry run of a new node was reviewed')
    : fail('a dry run of a new node was not reviewed')
}

const LATER = 'Look when the next node joins: it must never be seen with its taint.'
