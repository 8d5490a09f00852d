import type { CommandLine } from '../shared/command-line.ts'
import { createFacts, type Facts } from '../shared/doctor/facts.ts'
import { isGoProgram } from '../shared/doctor/managers.ts'
import type { Workload } from '../shared/doctor/workloads.ts'
import { CcmError, hasCode } from '../shared/errors.ts'
import { SERVICE_ACCOUNT_USER } from '../shared/kubernetes/names.ts'
import { planBack } from '../shared/migrate/back.ts'
import { type CarriedOut, carryOutBack } from '../shared/migrate/carry-out.ts'
import type { MigratePlan } from '../shared/migrate/contract.ts'
import { type MigrateReport, toMigrateJson } from '../shared/migrate/report.ts'
import { findSecret, type LeftSecret } from '../shared/migrate/secret.ts'
import { planThere } from '../shared/migrate/there.ts'
import { type MigrateView, readView } from '../shared/migrate/view.ts'
import { SECRET_FILE_ENV, SECRET_FILE_FLAG, type SourceInputs } from '../shared/sources.ts'
import { type CliIo, readOutput, refuseProblems } from './command.ts'
import { type Opened, openParts } from './doctor-parts.ts'
import { toOutLook } from './terminal/look.ts'
import { toMigrateText } from './terminal/migrate-text.ts'

export interface MigrateCommand {
  /** From this program to the Go program. */
  readonly back: boolean
  readonly confirm: boolean
  readonly acceptNew: boolean
  readonly output: 'text' | 'json'
}

/** The flags of `migrate`. @throws CcmError CCM_USAGE that names every problem */
export function toMigrateCommand({ flags, switches, problems }: CommandLine): MigrateCommand {
  const found = [...problems]
  const output = readOutput({ flags }, found)
  const back = switches.has('back')
  const alone = ['confirm', 'accept-new-addresses'].filter(name => switches.has(name) && !back)
  refuseProblems([
    ...found,
    ...alone.map(name => `--${name} needs --back: the way from the Go program is a plan only`),
  ])
  return {
    back,
    confirm: switches.has('confirm'),
    acceptNew: switches.has('accept-new-addresses'),
    output,
  }
}

/**
 * `migrate` with the real parts.
 *
 * @returns exit code 0: ready, or done; 1: something is in the way, or failed
 * @throws CcmError KUBE_*, BMC_* when it cannot be found out what there is
 */
export async function runMigrate(command: MigrateCommand, inputs: SourceInputs, io: CliIo): Promise<number> {
  const ending = new AbortController()
  const signal = AbortSignal.any([ending.signal, io.stop])
  const open = (given: SourceInputs): Promise<Opened> =>
    openParts({ user: SERVICE_ACCOUNT_USER }, given, io, signal)
  const first = await open(inputs)
  let second: Opened | undefined
  try {
    io.progress?.say('looking for the Go program and its settings')
    const before = createFacts(first.parts)
    const secret = await readSecret(before)
    second = await open(withLeftSettings(inputs, io, secret, await before.workloads()))
    io.progress?.say(command.back ? 'looking at Services and IP blocks' : 'looking at what is taken over')
    const facts = createFacts(second.parts)
    const report = await migrate(command, facts, await readOrTell(facts, secret))
    io.out(command.output === 'json' ? toMigrateJson(report) : toMigrateText(report, toOutLook(io)))
    return report.ready && (report.carriedOut?.failures.length ?? 0) === 0 ? 0 : 1
  } finally {
    ending.abort()
    first.close()
    second?.close()
  }
}

async function migrate(
  { back, confirm, acceptNew }: MigrateCommand,
  facts: Facts,
  view: MigrateView,
): Promise<MigrateReport> {
  if (!back) return toReport(planThere(view))
  const plan = planBack(view, acceptNew)
  if (!confirm || plan.inTheWay.length > 0) return toReport(plan)
  const { leftovers, providerName } = facts.cloud()
  if (!leftovers) throw new CcmError('CCM_INTERNAL', `${providerName} knows no leftovers`)
  const parts = { kube: facts.kube(), leftovers, clusterName: await facts.clusterName(), call: facts.call }
  return toReport(plan, await carryOutBack(plan, view, parts))
}

const toReport = (plan: MigratePlan, carriedOut?: CarriedOut): MigrateReport => ({
  ...plan,
  ready: plan.inTheWay.length === 0,
  carriedOut,
})

/** Without settings of its own the command depends on the Secret: what is wrong with that is told with what is missing. */
async function readOrTell(facts: Facts, secret: LeftSecret | undefined): Promise<MigrateView> {
  try {
    return await readView(facts, secret)
  } catch (error) {
    const problems = secret?.problems.join('; ')
    if (!problems || !hasCode(error, 'CCM_CONFIG_INVALID')) throw error
    const message = `${error.message}; Secret ${secret?.name} cannot be read: ${problems}`
    throw new CcmError(error.code, message, { cause: error })
  }
}

/** Who may not read Secrets gives the settings in another way. */
async function readSecret(facts: Facts): Promise<LeftSecret | undefined> {
  try {
    return await findSecret(facts.kube(), facts.signal)
  } catch (error) {
    if (hasCode(error, 'KUBE_FORBIDDEN')) return undefined
    throw error
  }
}

/** What the Go program was told counts where nothing else was given: its Secret, and the variables of its container. */
function withLeftSettings(
  inputs: SourceInputs,
  io: CliIo,
  secret: LeftSecret | undefined,
  workloads: readonly Workload[],
): SourceInputs {
  const { flags = {}, env = io.env, readFile = io.readFile } = inputs
  const containers = workloads.flatMap(workload =>
    workload.containers.filter(container => isGoProgram(container, workload)),
  )
  const left = Object.entries(Object.assign({}, ...containers.map(one => one.env)) as Record<string, string>)
  const settings = Object.fromEntries(left.filter(([name]) => name.startsWith('PNAP_')))
  const given = { ...inputs, env: { ...settings, ...env } }
  const hasFile = flags[SECRET_FILE_FLAG] ?? env[SECRET_FILE_ENV]
  if (!secret || secret.problems.length > 0 || hasFile) return given
  const place = `Secret ${secret.name}`
  return {
    ...given,
    flags: { ...flags, [SECRET_FILE_FLAG]: place },
    readFile: async path => (path === place ? secret.text : readFile(path)),
  }
}
