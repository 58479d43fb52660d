// A player tells how its stream goes:
//
//   GET /beacon?start=85&stalled=0&watched=60000&bytes=48000000&height=2160
//
// start: milliseconds from the click to the first picture, in a stream's first report only; stalled and watched:
// milliseconds since its last report in which the picture stood and moved; bytes: what it has fetched since; height:
// lines of the picture. A good report becomes one line of the log, which metric filters count; anything else is refused.
var LARGEST = {start: 600000, stalled: 3600000, watched: 3600000, bytes: 100000000000, height: 8640};

function number(query, name) {
    var given = query[name];
    if (!given) {
        return name === 'start' ? '-' : null;
    }
    return /^\d{1,12}$/.test(given.value) && Number(given.value) <= LARGEST[name] ? given.value : null;
}

function handler(event) {
    var values = Object.keys(LARGEST).map(function (name) {
        return number(event.request.querystring, name);
    });
    var good = values.indexOf(null) < 0;
    if (good) {
        console.log('beacon ' + values.join(' '));
    }
    return {
        statusCode: good ? 204 : 400,
        statusDescription: good ? 'No Content' : 'Bad Request',
        headers: {'cache-control': {value: 'no-store'}, 'access-control-allow-origin': {value: '*'}}
    };
}
