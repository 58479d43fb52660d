// What a program is told that asks while the service is away: the same for every method and path.
function handler(event) {
  return {
    statusCode: 503,
    statusDescription: 'Service Unavailable',
    headers: {
      'content-type': { value: 'application/json' },
      'cache-control': { value: 'no-store' },
      'retry-after': { value: '30' },
    },
    body: JSON.stringify({ error: 'the service is away for a moment', retry_after_seconds: 30 }),
  };
}
