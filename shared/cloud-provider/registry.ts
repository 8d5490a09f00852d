import { CcmError } from '../errors.ts'
import type { Cloud } from './contract.ts'

/** Builds a cloud from its configuration, whose shape is the provider's own. */
export type Initializer<Config> = (config: Config) => Cloud

/** Clouds by name. Each host makes its own, so that importing a module registers nothing. */
export interface Registry<Config> {
  register(name: string, initialize: Initializer<Config>): void
  /** @throws CcmError CCM_PROVIDER_UNKNOWN */
  get(name: string, config: Config): Cloud
  names(): readonly string[]
}

export function createRegistry<Config>(): Registry<Config> {
  const initializers = new Map<string, Initializer<Config>>()
  return {
    register(name, initialize) {
      initializers.set(name, initialize)
    },
    get(name, config) {
      const initialize = initializers.get(name)
      if (!initialize) {
        const known = [...initializers.keys()].join(', ')
        throw new CcmError('CCM_PROVIDER_UNKNOWN', `no cloud provider '${name}' (known: ${known})`)
      }
      return initialize(config)
    },
    names: () => [...initializers.keys()],
  }
}
