import { type Check, fail, ok, toAge, toCount, unknown, warn } from '../contract.ts'

/** As many intervals as a pass may be late: one may run, and one may have failed. */
export const LATE = 3

export const PASS_CHECKS: readonly Check[] = [
  {
    code: 'passes',
    doc: 'Some host makes passes over everything: the last complete one is not older than three intervals.',
    action:
      'See that serve or the resync function runs, and why its passes fail (its log, "resync ended"). With another interval there, give the same PNAP_RESYNC_INTERVAL here.',
    async run({ lease, config }) {
      const { renewedAt, now, unreachableSince, limitedUntil } = await lease()
      if (renewedAt === undefined) return fail('no pass was ever completed in this cluster')
      const age = now - renewedAt
      const fact = `the last complete pass was ${toAge(age)} ago`
      if (age > LATE * config().resyncInterval) return fail(fact)
      if (limitedUntil !== undefined)
        return warn(`${fact}; BMC wants no request for ${toAge(limitedUntil - now)}`)
      if (unreachableSince === undefined) return ok(fact)
      return warn(`${fact}; the hosts have not reached BMC for ${toAge(now - unreachableSince)}`)
    },
  },
  {
    code: 'inventory',
    doc: 'The inventory can be read, is the one of the last pass, and is of the account of these credentials.',
    action: 'Delete the ConfigMaps kube-system/cloud-provider-phoenixnap*; the next pass writes them anew.',
    async run({ inventory, lease, cloud }) {
      const found = await inventory()
      if (!found) return fail('there is no inventory: no pass was completed', 'See the check passes.')
      const { generation } = await lease()
      const fact = `the inventory holds ${toCount(found.entries.length, 'server')}`
      const account = await cloud().accountFingerprint()
      if (account !== found.account) return warn(`${fact} of other credentials than these`, OTHER_ACCOUNT)
      return generation === found.generation
        ? ok(fact)
        : unknown(`${fact}; a pass is at work, or somebody changed it`, 'Run doctor again in a minute.')
    },
  },
]

const OTHER_ACCOUNT =
  'Run doctor with the credentials of the handlers, or make sure that both belong to one account.'
