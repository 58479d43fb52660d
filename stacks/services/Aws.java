import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What a program says to AWS with nothing but Java's own library: who it is, by the keys of its environment or of its
 * machine's role (IMDSv2), and version 4 of AWS's signature:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
public final class Aws {
    private static final DateTimeFormatter STAMP =
        DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
    private static final Duration EARLY = Duration.ofMinutes(5);
    private static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(Duration.ofMillis(1000)).build();

    private final String region;
    private final String metadata;
    private Keys known;

    /** `token` is empty for keys that are nobody's role. */
    public record Keys(String id, String secret, String token, Instant ends) {}

    public Aws(String region) {
        this.region = region;
        this.metadata = setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254").replaceAll("/$", "");
    }

    public synchronized Keys keys() throws IOException {
        if (known == null || Instant.now().isAfter(known.ends.minus(EARLY))) {
            String id = setting("AWS_ACCESS_KEY_ID", "");
            known = id.isEmpty() ? ofRole()
                : new Keys(id, setting("AWS_SECRET_ACCESS_KEY", ""), setting("AWS_SESSION_TOKEN", ""), Instant.MAX);
        }
        return known;
    }

    private Keys ofRole() throws IOException {
        String session = text(send(HttpRequest.newBuilder(URI.create(metadata + "/latest/api/token"))
            .header("X-aws-ec2-metadata-token-ttl-seconds", "300").timeout(Duration.ofSeconds(1))
            .PUT(HttpRequest.BodyPublishers.noBody()).build()));
        String role = metadata + "/latest/meta-data/iam/security-credentials/";
        String said = read(role + read(role, session).lines().findFirst().orElse(""), session);
        return new Keys(field(said, "AccessKeyId"), field(said, "SecretAccessKey"), field(said, "Token"),
            Instant.parse(field(said, "Expiration")));
    }

    private static String read(String url, String session) throws IOException {
        return text(send(HttpRequest.newBuilder(URI.create(url)).header("X-aws-ec2-metadata-token", session)
            .timeout(Duration.ofSeconds(1)).build()));
    }

    private static String field(String said, String name) throws IOException {
        Matcher found = Pattern.compile("\"" + name + "\"\\s*:\\s*\"([^\"]+)\"").matcher(said);
        if (!found.find()) {
            throw new IOException("a role's keys have no " + name);
        }
        return found.group(1);
    }

    /** What a service that speaks JSON answers to a POST of `body` for an action, "TrentService.GenerateMac". */
    public String call(String service, String action, String body) throws IOException {
        Map<String, String> kind = Map.of("content-type", "application/x-amz-json-1.1", "x-amz-target", action);
        return post(service, "/", kind, body, "", Duration.ofMillis(1500)).body();
    }

    /** What a function of Lambda, known by its ARN, makes of an event: JSON, as the event is. `trace`: Xray.HEADER's
     * value, by which it is followed; "" for none. */
    public String invoke(String function, String event, String trace, Duration within) throws IOException {
        String path = "/2015-03-31/functions/" + escaped(function) + "/invocations";
        Map<String, String> kind = Map.of("content-type", "application/json");
        HttpResponse<String> said = post("lambda", path, kind, event, trace, within);
        if (said.headers().firstValue("X-Amz-Function-Error").isPresent()) {
            throw new Refused(said.statusCode(), said.body());
        }
        return said.body();
    }

    private HttpResponse<String> post(String service, String path, Map<String, String> kind, String body,
        String trace, Duration within) throws IOException {
        URI at = endpoint(service);
        Keys keys = keys();
        String time = STAMP.format(Instant.now());
        TreeMap<String, String> headers = new TreeMap<>(kind);
        headers.putAll(Map.of("host", at.getAuthority(), "x-amz-date", time));
        if (!keys.token.isEmpty()) {
            headers.put("x-amz-security-token", keys.token);
        }
        String names = String.join(";", headers.keySet());
        StringBuilder lines = new StringBuilder();
        headers.forEach((name, value) -> lines.append(name).append(':').append(value).append('\n'));
        // What is escaped on the way is escaped once more in what is signed, by all services but S3.
        String signed = escaped(path).replace("%2F", "/");
        String asked = String.join("\n", "POST", signed, "", lines, names, hash(body));
        String scope = String.join("/", time.substring(0, 8), region, service, "aws4_request");
        HttpRequest.Builder request = HttpRequest.newBuilder(at.resolve(path)).timeout(within)
            .header("Authorization", "AWS4-HMAC-SHA256 Credential=" + keys.id + "/" + scope + ", SignedHeaders=" + names
                + ", Signature=" + signature(keys, scope, time, asked))
            .POST(HttpRequest.BodyPublishers.ofString(body));
        headers.forEach((name, value) -> {
            if (!name.equals("host")) {
                request.header(name, value);
            }
        });
        // Not signed, as AWS's own libraries have it: who stands between may add to it.
        if (!trace.isEmpty()) {
            request.header(Xray.HEADER, trace);
        }
        HttpResponse<String> said = send(request.build());
        if (said.statusCode() / 100 != 2) {
            throw new Refused(said.statusCode(), said.body());
        }
        return said;
    }

    /** That AWS has answered, and not with what was asked for. */
    public static final class Refused extends IOException {
        private static final long serialVersionUID = 1;

        Refused(int status, String body) {
            super("AWS says " + status + ": " + body);
        }
    }

    /** A URL by which anyone may get an object of S3, of a bucket in this region, from `at` on for so many seconds. */
    public String presigned(String bucket, String key, Instant at, long seconds) throws IOException {
        Keys keys = keys();
        URI s3 = endpoint("s3");
        boolean own = setting("AWS_ENDPOINT_URL", "").isEmpty(); // an emulator has no names for buckets
        String host = own ? bucket + "." + s3.getAuthority() : s3.getAuthority();
        String path = (own ? "/" : "/" + bucket + "/") + escaped(key).replace("%2F", "/");
        String time = STAMP.format(at);
        String scope = String.join("/", time.substring(0, 8), region, "s3", "aws4_request");
        TreeMap<String, String> query = new TreeMap<>(Map.of("X-Amz-Algorithm", "AWS4-HMAC-SHA256", "X-Amz-Credential",
            keys.id + "/" + scope, "X-Amz-Date", time, "X-Amz-Expires", String.valueOf(seconds), "X-Amz-SignedHeaders",
            "host"));
        if (!keys.token.isEmpty()) {
            query.put("X-Amz-Security-Token", keys.token);
        }
        StringBuilder text = new StringBuilder();
        query.forEach((name, value) ->
            text.append(text.length() > 0 ? "&" : "").append(name).append('=').append(escaped(value)));
        String asked = String.join("\n", "GET", path, text, "host:" + host + "\n", "host", "UNSIGNED-PAYLOAD");
        return s3.getScheme() + "://" + host + path + "?" + text
            + "&X-Amz-Signature=" + signature(keys, scope, time, asked);
    }

    private URI endpoint(String service) {
        return URI.create(setting("AWS_ENDPOINT_URL", "https://" + service + "." + region + ".amazonaws.com"));
    }

    private static String signature(Keys keys, String scope, String time, String asked) {
        byte[] key = ("AWS4" + keys.secret).getBytes(StandardCharsets.UTF_8);
        for (String part : scope.split("/")) {
            key = hmac(key, part);
        }
        return hex(hmac(key, String.join("\n", "AWS4-HMAC-SHA256", time, scope, hash(asked))));
    }

    private static byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** SHA-256, in hexadecimal digits. */
    public static String hash(String text) {
        try {
            return hex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static String hex(byte[] bytes) {
        StringBuilder out = new StringBuilder();
        for (byte one : bytes) {
            out.append(String.format("%02x", one));
        }
        return out.toString();
    }

    private static String escaped(String value) {
        String text = URLEncoder.encode(value, StandardCharsets.UTF_8);
        return text.replace("+", "%20").replace("*", "%2A").replace("%7E", "~");
    }

    /** What is answered to a request, whatever it is. */
    static HttpResponse<String> send(HttpRequest request) throws IOException {
        try {
            return HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
            throw new IOException(ending);
        }
    }

    private static String text(HttpResponse<String> said) throws IOException {
        if (said.statusCode() != 200) {
            throw new IOException(said.uri() + " says " + said.statusCode());
        }
        return said.body();
    }

    static String setting(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? otherwise : value;
    }
}
