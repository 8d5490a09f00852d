import type { Kube, KubeRequest } from '../../shared/kubernetes/client.ts'

/** A cluster that is one function: its result (or what it throws) is the answer to a request. */
export interface FakeKube extends Kube {
  /** In their order. */
  readonly requests: KubeRequest[]
}

/** @param date of every answer, in milliseconds since 1970 */
export function createFakeKube(
  answer: (request: KubeRequest) => unknown,
  date: () => number = () => 0,
): FakeKube {
  const requests: KubeRequest[] = []
  const request = async (given: KubeRequest): Promise<{ body: unknown; date: number }> => {
    requests.push(given)
    return { body: await answer(given), date: date() }
  }
  return {
    server: 'https://cluster.test',
    requests,
    request: request as Kube['request'],
    close: () => {},
    end: () => {},
  }
}
