import { setTimeout as sleep } from 'node:timers/promises'
import type { CustomResource } from '../../shared/simulator/kubernetes/resources.ts'
import { createApi } from './api.ts'

/** What is read of a CustomResourceDefinition. */
interface Definition {
  readonly spec: {
    readonly group: string
    readonly scope: string
    readonly names: {
      readonly plural: string
      readonly kind: string
      readonly shortNames?: readonly string[]
    }
    readonly versions: readonly {
      readonly name: string
      readonly storage: boolean
      readonly subresources?: { readonly status?: object }
    }[]
  }
}

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const POLL_MS = 50
const MAX_POLLS = 400

/**
 * What the simulator serves for a CustomResourceDefinition: the stored version alone, any content (no schema, no
 * defaults, no printer columns).
 */
export function toCustomResource(definition: object): CustomResource {
  const { spec } = definition as Definition
  const version = storedVersion(spec)
  const { plural, kind, shortNames = [] } = spec.names
  return {
    group: spec.group,
    version: version.name,
    resource: plural,
    kind,
    namespaced: spec.scope === 'Namespaced',
    shortNames,
    status: version.subresources?.status !== undefined,
  }
}

function storedVersion({ versions, names }: Definition['spec']): Definition['spec']['versions'][number] {
  const stored = versions.find(({ storage }) => storage)
  if (!stored) throw new Error(`the definition of ${names.plural} has no version that is stored`)
  return stored
}

/** Creates the definitions on a real API server and waits until their resources are served. */
export async function serveCustomResources(
  kubeconfig: string,
  definitions: readonly object[],
): Promise<void> {
  const api = createApi(kubeconfig)
  try {
    for (const body of definitions) {
      const { status, body: answer } = await api.call({ method: 'POST', path: DEFINITIONS, body })
      if (status !== 201) throw new Error(`the definition was refused: ${JSON.stringify(answer)}`)
    }
    for (const definition of definitions) await untilServed(toCustomResource(definition))
  } finally {
    api.close()
  }

  async function untilServed({ group, version, resource }: CustomResource): Promise<void> {
    for (let polls = 0; polls < MAX_POLLS; polls += 1) {
      const { status } = await api.call({ method: 'GET', path: `/apis/${group}/${version}/${resource}` })
      if (status === 200) return
      await sleep(POLL_MS)
    }
    throw new Error(`${resource}.${group} is not served`)
  }
}
