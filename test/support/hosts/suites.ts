import type { HostName } from './host.ts'

/** A host of something that is built, which suites run on beside the sources. */
export type BuiltHost = Exclude<HostName, 'sources'>

/** One file of tests that starts the whole program. */
export interface Suite {
  readonly file: string
  /** Why it does not run on a host, by that host. */
  readonly not?: Readonly<Partial<Record<BuiltHost, string>>>
}

/** Every file that starts the whole program, and what keeps it from a host: suites.test.ts looks for missing ones. */
export const SUITES: readonly Suite[] = [
  { file: 'test/doctor/doctor.test.ts' },
  {
    file: 'test/scenarios/apiserver-certificate.test.ts',
    not: { functions: 'API Gateway ends TLS with a certificate of its own' },
  },
  { file: 'test/scenarios/cluster-api.test.ts' },
  { file: 'test/scenarios/correlation.test.ts' },
  {
    file: 'test/scenarios/credentials.test.ts',
    not: { functions: 'it replaces a secret file, and functions have none' },
  },
  { file: 'test/scenarios/golden.test.ts' },
  {
    file: 'test/scenarios/hostile-webhooks.test.ts',
    not: { functions: 'API Gateway refuses what is no HTTP and no route, before any function' },
  },
  { file: 'test/scenarios/join.test.ts' },
  { file: 'test/scenarios/kubelets.test.ts' },
  {
    file: 'test/scenarios/kubernetes-trouble.test.ts',
    not: { functions: 'it asks /healthz, which only serve has' },
  },
  {
    file: 'test/scenarios/metrics.test.ts',
    not: { functions: 'they count by lines of their log, and nobody scrapes them' },
  },
  { file: 'test/scenarios/outage.test.ts' },
  {
    file: 'test/scenarios/overload.test.ts',
    not: { functions: 'API Gateway limits what comes in, before any function' },
  },
  { file: 'test/scenarios/paths.test.ts' },
  { file: 'test/scenarios/rate-limit.test.ts' },
  { file: 'test/scenarios/reprovisioned.test.ts' },
  { file: 'test/scenarios/scale.test.ts' },
  { file: 'test/scenarios/servers.test.ts' },
  { file: 'test/scenarios/service-changes.test.ts' },
  { file: 'test/scenarios/service-create.test.ts' },
  { file: 'test/scenarios/service-giveback.test.ts' },
  { file: 'test/scenarios/spans.test.ts' },
]

export const suitesOf = (host: BuiltHost): string[] =>
  SUITES.flatMap(({ file, not }) => (not?.[host] ? [] : [file]))

/** As `file: why`. */
export const leftOut = (host: BuiltHost): string[] =>
  SUITES.flatMap(({ file, not }) => (not?.[host] ? [`${file}: ${not[host]}`] : []))
