import type { Test } from 'tap'
import type { Certificates } from '../../../shared/simulator/certificates.ts'
import { CONTROLLER, type TestCluster } from '../cluster.ts'
import type { Environment } from '../world.ts'

/** What serves a cluster's webhooks in a test. */
export const HOSTS = ['sources', 'binary', 'functions'] as const
export type HostName = (typeof HOSTS)[number]

/** A running host; it ends with the test. */
export interface Host {
  readonly url: string
  /** What it logged so far. */
  log(): string
  /**
   * Rings that it took over and has not answered yet; undefined: it does not tell, and is at rest when it logs no more.
   */
  pending(): number | undefined
  /** Processes that review at once: each reads the cloud for itself. */
  readonly processes: number
  /** Brings up what a first review would wait for: for suites whose webhook has less time than that takes. */
  warmUp?(): Promise<void>
}

/** What a host is started with. */
export interface HostInputs {
  readonly t: Test
  readonly cluster: TestCluster
  readonly certificate: Certificates
  /** Of the same certificates, as PEM. */
  readonly files: { readonly cert: string; readonly key: string; readonly ca: string }
  /** Receives files of the host's own. */
  readonly folder: string
  /** Settings that are not about where it listens or how it finds the cluster. */
  readonly settings: Environment
}

export type StartHost = (inputs: HostInputs) => Promise<Host>

/** The host that this run is about: CCM_TEST_HOST, the sources by default. @throws Error for another name */
export function readHost(environment: NodeJS.ProcessEnv = process.env): HostName {
  const wanted = environment['CCM_TEST_HOST'] || 'sources'
  const found = HOSTS.find(name => name === wanted)
  if (!found) throw new Error(`CCM_TEST_HOST is ${wanted}, expected one of ${HOSTS.join(', ')}`)
  return found
}

/** The single-file program of the host `binary`: CCM_TEST_BINARY. @throws Error without it */
export function readBinary(environment: NodeJS.ProcessEnv = process.env): string {
  const path = environment['CCM_TEST_BINARY']
  if (!path) throw new Error('CCM_TEST_BINARY is not set: it names the program that make build has written')
  return path
}

/** What `serve` needs beside the settings, whatever it is packed into. */
export async function toServeEnvironment({ cluster, files, settings }: HostInputs): Promise<Environment> {
  return {
    PNAP_LISTEN: '127.0.0.1:0',
    PNAP_TLS_CERT: files.cert,
    PNAP_TLS_KEY: files.key,
    PNAP_SHUTDOWN_GRACE: '2s',
    // In one process with simulators and test, the event loop is late for reasons that no server has.
    PNAP_MAX_EVENT_LOOP_LAG: '1h',
    KUBECONFIG: await cluster.kubeconfigFile(CONTROLLER),
    ...settings,
  }
}
