type Environment = Readonly<Record<string, string | undefined>>

/** What the standard variables of OpenTelemetry ask for; those not named here are read by its SDK. */
export interface TelemetrySettings {
  /** Where traces are posted to. */
  readonly url: string
  readonly protocol: Protocol
  /** What the values of the headers are: they are no text for a log. */
  readonly secrets: readonly string[]
}

export const PROTOCOLS = ['http/protobuf', 'http/json'] as const
export type Protocol = (typeof PROTOCOLS)[number]

/** Nothing is asked for, something that can be done, or something that cannot: then why. */
export type TelemetryReading =
  | { readonly state: 'off' }
  | { readonly state: 'on'; readonly settings: TelemetrySettings }
  | { readonly state: 'unusable'; readonly problems: readonly string[] }

const EXPORTER = 'OTEL_TRACES_EXPORTER'
/** The signal's own variable comes before that of all signals. */
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const
const PROTOCOL_VARIABLES = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'] as const
const HEADER_VARIABLES = ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'OTEL_EXPORTER_OTLP_HEADERS'] as const
/** Of the specification, for an exporter that is named without an endpoint. */
const DEFAULT_ENDPOINT = 'http://localhost:4318'

/**
 * Reads OTEL_* as opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables says, with one difference:
 * without an endpoint and a named exporter nothing is exported, because nobody has asked for it. An empty variable is none.
 */
export function readTelemetry(env: Environment): TelemetryReading {
  const exporter = env[EXPORTER]?.trim() ?? ''
  const endpoint = findGiven(env, ENDPOINTS)
  const isDisabled = env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true'
  if (isDisabled || exporter === 'none' || (exporter === '' && !endpoint)) return { state: 'off' }
  const protocol = findGiven(env, PROTOCOL_VARIABLES) ?? { name: PROTOCOL_VARIABLES[1], value: PROTOCOLS[0] }
  const url = toTracesUrl(endpoint)
  const known = PROTOCOLS.find(one => one === protocol.value)
  if (['', 'otlp'].includes(exporter) && url !== undefined && known !== undefined)
    return { state: 'on', settings: { url, protocol: known, secrets: readHeaderValues(env) } }
  return {
    state: 'unusable',
    problems: [
      ...(['', 'otlp'].includes(exporter) ? [] : [`${EXPORTER}: must be otlp or none`]),
      ...(url === undefined ? [`${endpoint?.name}: must be a URL with http or https`] : []),
      ...(known === undefined ? [`${protocol.name}: must be ${PROTOCOLS.join(' or ')}`] : []),
    ],
  }
}

interface Given {
  readonly name: string
  readonly value: string
}

function findGiven(env: Environment, names: readonly string[]): Given | undefined {
  const given = names.map(name => ({ name, value: env[name]?.trim() ?? '' }))
  return given.find(({ value }) => value !== '')
}

/** The signal's own endpoint is used as it is; that of all signals gets the signal's path. */
function toTracesUrl(endpoint: Given | undefined): string | undefined {
  const url = URL.parse(endpoint?.value ?? DEFAULT_ENDPOINT)
  if (!url || !['http:', 'https:'].includes(url.protocol)) return undefined
  if (endpoint?.name !== ENDPOINTS[0]) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`
  return url.href
}

/** As `key=value,key=value`, percent-encoded (W3C Baggage); both forms of each value. */
const readHeaderValues = (env: Environment): readonly string[] =>
  HEADER_VARIABLES.flatMap(name => env[name]?.split(',') ?? []).flatMap(pair => {
    const value = pair.slice(pair.indexOf('=') + 1).trim()
    return value === '' ? [] : [value, decode(value)]
  })

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
