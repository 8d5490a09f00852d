import { fieldsOf } from '../json.ts'
import type { KubeObject } from '../objects.ts'
import type { Cause } from '../status.ts'
import type { RuleContext } from './rules.ts'
import { chooseClusterIps } from './service-addresses.ts'
import { chooseFamilies } from './service-families.ts'
import { chooseNodePorts } from './service-ports.ts'
import { readServiceRanges } from './service-ranges.ts'

/** Why a Service cannot have the families and addresses that it asks for; the real server looks at that first. */
export function familyProblemsOf(
  service: KubeObject,
  old: KubeObject | undefined,
  context: RuleContext,
): readonly Cause[] {
  return choose(service, old, context).problems
}

/** Gives a Service its families, cluster IPs, node ports and health check port. */
export function allocateService(
  service: KubeObject,
  old: KubeObject | undefined,
  context: RuleContext,
): readonly Cause[] {
  if (fieldsOf(service.spec).type === 'ExternalName') return []
  const { spec, problems } = choose(service, old, context)
  if (problems.length > 0) return problems
  const others = context.list('services').filter(other => other.metadata.uid !== service.metadata.uid)
  const next = { ...spec }
  const refusals = chooseClusterIps(next, others, context)
  if (refusals.length > 0) return refusals
  chooseNodePorts(next, others, context)
  service.spec = next
  return []
}

function choose(
  service: KubeObject,
  old: KubeObject | undefined,
  context: RuleContext,
): ReturnType<typeof chooseFamilies> {
  const served = readServiceRanges(context).map(({ family }) => family)
  return chooseFamilies(fieldsOf(service.spec), old && fieldsOf(old.spec), served)
}
