import type { SendPayload } from './invoker.ts'

/** Longest wait for an acknowledgement, which takes some 10 ms: the audit batch behind it is sent again. */
const REQUEST_TIMEOUT_MS = 3000

/**
 * Sends to a function of AWS Lambda, with `InvocationType: Event`. The SDK is imported with the first payload and takes
 * region, credentials and, for other endpoints, AWS_ENDPOINT_URL_LAMBDA from the environment.
 */
export function createLambdaSend(functionName: string): SendPayload {
  let client: Promise<(payload: string) => Promise<number>> | undefined
  return async payload => {
    client ??= connect(functionName)
    return (await client)(payload)
  }
}

async function connect(FunctionName: string): Promise<(payload: string) => Promise<number>> {
  const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda')
  const requestHandler = {
    connectionTimeout: REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    throwOnRequestTimeout: true,
    // An idle socket would be dead when a frozen process wakes, and an invocation must not be sent twice for it.
    httpAgent: { keepAlive: false },
    httpsAgent: { keepAlive: false },
  }
  const lambda = new LambdaClient({ maxAttempts: 2, requestHandler })
  return async payload => {
    const command = new InvokeCommand({
      FunctionName,
      InvocationType: 'Event',
      Payload: Buffer.from(payload),
    })
    return (await lambda.send(command)).StatusCode ?? 0
  }
}
