import {
  type DeployOptions,
  findLongNames,
  OPTION_VARIABLES,
  type OptionName,
  type OptionTexts,
  readOptions,
  readSecretArns,
} from './options.ts'
import { toResources } from './resources.ts'
import type { FunctionName } from './roles.ts'
import { findSettingProblems } from './settings.ts'

/** What osls hands to a file of a variable. */
export interface OslsVariables {
  readonly resolveVariable: (address: string) => Promise<unknown>
  readonly resolveConfigurationProperty: (path: readonly string[]) => Promise<unknown>
}

const FUNCTIONS: readonly FunctionName[] = ['admission', 'audit', 'reconcile', 'resync']

/** Subnets and security groups; null, here and below, leaves a property of serverless.yml out. */
export const toVpc = async (variables: OslsVariables): Promise<object | null> =>
  (await readQuietly(variables))?.vpc ?? null

export const toReservedConcurrency = async (variables: OslsVariables): Promise<number | null> =>
  (await readQuietly(variables))?.reservedConcurrency ?? null

export const toLogRetentionInDays = async (variables: OslsVariables): Promise<number | null> =>
  (await readQuietly(variables))?.logRetentionDays ?? null

/** Everything that CloudFormation makes beside functions and HTTP API. @throws Error naming every problem at once */
export async function toAllResources(variables: OslsVariables): Promise<object> {
  const { resolveVariable, resolveConfigurationProperty } = variables
  const { options, problems } = readOptions(await readTexts(variables))
  const stage = String(await resolveVariable('sls:stage'))
  const prefix = `${String(await resolveVariable('self:service'))}-${stage}`
  const functions = FUNCTIONS.map(async name => {
    const environment = await resolveConfigurationProperty(['functions', name, 'environment'])
    const found = readSecretArns(environment as Record<string, unknown>)
    const variables = Object.keys(environment as object)
    return {
      name,
      functionName: `${prefix}-${name}`,
      secrets: found.arns,
      problems: found.problems,
      variables,
    }
  })
  const all = await Promise.all(functions)
  const settings = await readSettings(
    variables,
    all.flatMap(one => one.variables),
  )
  refuse([
    ...problems,
    ...findLongNames(stage, all),
    ...all.flatMap(one => one.problems),
    ...(await findSharedToken(variables)),
    ...findSettingProblems(settings),
  ])
  return toResources(all, options)
}

/** Variables that functions are given, as the deployment's own environment has them. */
async function readSettings(
  { resolveVariable }: OslsVariables,
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const values = [...new Set(names)].map(async name => [
    name,
    String(await resolveVariable(`env:${name}, ''`)),
  ])
  return Object.fromEntries(await Promise.all(values)) as Record<string, string>
}

/** The internet reaches audit, which needs the webhook token alone: it does not read it from the secret with everything. */
async function findSharedToken({ resolveVariable }: OslsVariables): Promise<readonly string[]> {
  const secret = await resolveVariable("env:PNAP_CLOUD_CONFIG, ''")
  const token = await resolveVariable("env:PNAP_WEBHOOK_TOKEN_FILE, env:PNAP_WEBHOOK_TOKEN, ''")
  if (secret === '' || token !== '') return []
  return [
    'PNAP_WEBHOOK_TOKEN_FILE is missing: with PNAP_CLOUD_CONFIG the webhook token lies in a secret of its own, because audit may read no other',
  ]
}

/** What is wrong is told once, with the resources. */
async function readQuietly(variables: OslsVariables): Promise<DeployOptions | undefined> {
  const { options, problems } = readOptions(await readTexts(variables))
  return problems.length === 0 ? options : undefined
}

async function readTexts({ resolveVariable }: OslsVariables): Promise<OptionTexts> {
  const texts = Object.entries(OPTION_VARIABLES).map(async ([name, variable]) => [
    name,
    String(await resolveVariable(`param:${name}, env:${variable}, ''`)),
  ])
  return Object.fromEntries(await Promise.all(texts)) as Record<OptionName, string>
}

function refuse(problems: readonly string[]): void {
  if (problems.length === 0) return
  const error = new Error([...new Set(problems)].join('; '))
  // osls prints the stack of what is thrown, of which only the first line helps.
  error.stack = error.message
  throw error
}
