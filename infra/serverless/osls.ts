import {
  type DeployOptions,
  OPTION_VARIABLES,
  type OptionName,
  type OptionTexts,
  readOptions,
  readSecretArns,
} from './options.ts'
import { toResources } from './resources.ts'
import type { FunctionName } from './roles.ts'

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

/** Audit needs nothing but the webhook token: where that is a secret of its own, it gets no other. */
export const toAuditSecret = async ({ resolveVariable }: OslsVariables): Promise<unknown> => {
  const token = await resolveVariable("env:PNAP_WEBHOOK_TOKEN_FILE, env:PNAP_WEBHOOK_TOKEN, ''")
  return token === '' ? resolveVariable("env:PNAP_CLOUD_CONFIG, ''") : ''
}

/** Everything that CloudFormation makes beside functions and HTTP API. @throws Error naming every problem at once */
export async function toAllResources(variables: OslsVariables): Promise<object> {
  const { resolveVariable, resolveConfigurationProperty } = variables
  const { options, problems } = readOptions(await readTexts(variables))
  const prefix = `${String(await resolveVariable('self:service'))}-${String(await resolveVariable('sls:stage'))}`
  const functions = FUNCTIONS.map(async name => {
    const environment = await resolveConfigurationProperty(['functions', name, 'environment'])
    const found = readSecretArns(environment as Record<string, unknown>)
    return { name, functionName: `${prefix}-${name}`, secrets: found.arns, problems: found.problems }
  })
  const all = await Promise.all(functions)
  refuse([...problems, ...all.flatMap(one => one.problems)])
  return toResources(all, options)
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
