/** One function as its CloudFormation template describes it. */
export interface FunctionConfig {
  /** Name of its zip and of its entry in serverless.yml: `admission`. */
  readonly name: string
  /** `cloud-provider-phoenixnap-prod-admission`. */
  readonly functionName: string
  /** `<module>.<export>`. */
  readonly handler: string
  readonly runtime: string
  readonly memoryMb: number
  readonly timeoutMs: number
  /** Names of variables and their values; `toSentinel` says which of them a deployment fills in. */
  readonly environment: Readonly<Record<string, string>>
  /** What becomes of asynchronous invocations; AWS' own defaults where the template says nothing. */
  readonly retries: number
  readonly maximumEventAgeMs: number
  /** Where an event goes that was given up; undefined: nowhere. */
  readonly onFailure: string | undefined
}

export interface RouteConfig {
  readonly method: string
  /** As `/admission/{secret}`. */
  readonly path: string
  readonly functionName: string
}

/** What is deployed, as far as running it goes. */
export interface Deployment {
  readonly functions: readonly FunctionConfig[]
  readonly routes: readonly RouteConfig[]
  /** Functions that a rule of EventBridge invokes, with its expression. */
  readonly schedules: readonly { readonly expression: string; readonly functionName: string }[]
}

/** A template as far as it is read; everything else in it is for AWS. */
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>
}

interface Resource {
  readonly Type: string
  readonly Properties: Record<string, unknown>
}

const DEFAULT_RETRIES = 2
const DEFAULT_EVENT_AGE_S = 21_600
const DEFAULT_MEMORY_MB = 128
const DEFAULT_TIMEOUT_S = 3

/** @throws Error when a route or schedule leads to no function */
export function readTemplate({ Resources }: Template): Deployment {
  const all = Object.entries(Resources)
  const ofType = (type: string) => all.filter(([, { Type }]) => Type === type)
  const functions = new Map(
    ofType('AWS::Lambda::Function').map(([id, { Properties }]) => [
      id,
      toFunction(Properties, findEventConfig(ofType('AWS::Lambda::EventInvokeConfig'), id)),
    ]),
  )
  const nameOf = (value: unknown): string => {
    const id = [...functions.keys()].find(id => refersTo(value, id))
    const functionName = functions.get(id ?? '')?.functionName
    if (functionName === undefined) throw new Error(`no function in ${JSON.stringify(value)}`)
    return functionName
  }
  return {
    functions: [...functions.values()],
    routes: ofType('AWS::ApiGatewayV2::Route').map(([, { Properties }]) => {
      const [method = '', path = ''] = String(Properties['RouteKey']).split(' ')
      const [id = ''] = all.find(([id]) => refersTo(Properties['Target'], id)) ?? []
      return { method, path, functionName: nameOf(Resources[id]?.Properties['IntegrationUri']) }
    }),
    schedules: ofType('AWS::Events::Rule').flatMap(([, { Properties }]) =>
      Properties['ScheduleExpression'] === undefined
        ? []
        : [
            {
              expression: toText(Properties['ScheduleExpression']),
              functionName: nameOf(Properties['Targets']),
            },
          ],
    ),
  }
}

function toFunction(properties: Record<string, unknown>, events: Record<string, unknown>): FunctionConfig {
  const { Variables = {} } = (properties['Environment'] ?? {}) as { Variables?: Record<string, string> }
  const code = properties['Code'] as { S3Key: string }
  const { OnFailure } = (events['DestinationConfig'] ?? {}) as { OnFailure?: { Destination: unknown } }
  return {
    name: /([^/]+)\.zip$/.exec(code.S3Key)?.[1] ?? '',
    functionName: String(properties['FunctionName']),
    handler: String(properties['Handler']),
    runtime: String(properties['Runtime']),
    memoryMb: Number(properties['MemorySize'] ?? DEFAULT_MEMORY_MB),
    timeoutMs: Number(properties['Timeout'] ?? DEFAULT_TIMEOUT_S) * 1000,
    environment: Variables,
    retries: Number(events['MaximumRetryAttempts'] ?? DEFAULT_RETRIES),
    maximumEventAgeMs: Number(events['MaximumEventAgeInSeconds'] ?? DEFAULT_EVENT_AGE_S) * 1000,
    onFailure: OnFailure && toText(OnFailure.Destination),
  }
}

function findEventConfig(configs: readonly [string, Resource][], id: string): Record<string, unknown> {
  return configs.find(([, { Properties }]) => refersTo(Properties['FunctionName'], id))?.[1].Properties ?? {}
}

/** Whether a Ref or Fn::GetAtt to the resource is anywhere in the value. */
function refersTo(value: unknown, id: string): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, inner]) => {
    if (key === 'Ref') return inner === id
    if (key === 'Fn::GetAtt') return (inner as string[])[0] === id
    return refersTo(inner, id)
  })
}

const toText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
