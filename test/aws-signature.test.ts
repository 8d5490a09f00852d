import t from 'tap'
import { signPost } from '../shared/aws-signature.ts'

const CREDENTIALS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
const NOW = Date.UTC(2015, 7, 30, 12, 36, 0)

t.test('the request post-vanilla of the test suite of AWS', async t => {
  const post = {
    host: 'example.amazonaws.com',
    service: 'service',
    region: 'us-east-1',
    headers: {},
    body: '',
  }
  t.strictSame(signPost(post, CREDENTIALS, NOW), {
    host: 'example.amazonaws.com',
    'x-amz-date': '20150830T123600Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  })
})

t.test('headers, body and session token are signed as the SDK signs them', async t => {
  const post = {
    host: 'secretsmanager.eu-central-1.amazonaws.com',
    service: 'secretsmanager',
    region: 'eu-central-1',
    headers: {
      'x-amz-target': 'secretsmanager.GetSecretValue',
      'content-type': 'application/x-amz-json-1.1',
    },
    body: '{"SecretId":"ü"}',
  }
  const headers = signPost(post, { ...CREDENTIALS, sessionToken: 'token+/=' }, NOW)
  t.equal(headers['x-amz-security-token'], 'token+/=')
  // What @smithy/signature-v4 makes of the same request.
  t.match(
    headers['authorization'],
    'SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=7afb8521e1e71042dd9d778291396400d3392991127cb6dd53584d818a163b28',
  )
})
