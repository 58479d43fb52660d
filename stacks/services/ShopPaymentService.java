import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The payment service of a shop: authorises, captures, voids and refunds, and keeps nothing itself.
 *
 * Where a payment stands is a statement, sealed with a key that only KMS knows, which whoever pays keeps: the order
 * keeps it in its own row, and a row has one owner at a time. So any machine can go on with what another has begun,
 * and none believes a statement that the service has not made. That money moves once is the acquirer's promise, by the payment's
 * id, which follows from what is asked: to ask again is to be told the same.
 *
 * POST /api/payments {"key", "user", "cents", "currency", "method"} authorises: 201 with a statement, 402 where the
 * acquirer declines. POST /api/payments/capture, /void and /refund {"statement"} go on from there, 409 where that
 * cannot be.
 */
public class ShopPaymentService {
    private static final List<String> CURRENCIES = List.of("USD", "EUR", "GBP");
    private static final double LARGEST = 10_000_000;
    private static final Duration AUTHORISED = Duration.ofDays(7);
    private static final Map<String, String> DONE =
        Map.of("capture", "captured", "void", "voided", "refund", "refunded");
    private static final Map<String, String> FROM =
        Map.of("capture", "authorised", "void", "authorised", "refund", "captured");
    private static final String ALGORITHM = "HMAC_SHA_256";

    private final Aws aws;
    private final String key;
    private final Acquirer acquirer;
    private final Metrics metrics = new Metrics(Map.of(
        "seal_seconds", "Time of a call of KMS.", "acquirer_seconds", "Time of a call of the acquirer."));

    ShopPaymentService(Aws aws, String key, Acquirer acquirer) {
        this.aws = aws;
        this.key = key;
        this.acquirer = acquirer;
    }

    public static void main(String[] arguments) throws IOException {
        String url = Aws.setting("ACQUIRER_URL", "");
        Acquirer acquirer = url.isEmpty() ? new Pretended() : new Remote(url);
        Aws aws = new Aws(Aws.setting("AWS_REGION", "us-east-1"));
        ShopPaymentService service = new ShopPaymentService(aws, Aws.setting("SEAL_ADDRESS", ""), acquirer);
        Web web = new Web("payment", Integer.parseInt(Aws.setting("PORT", "8080")), service.metrics);
        web.at("/api/payments", service::authorise);
        DONE.keySet().forEach(verb -> web.at("/api/payments/" + verb, request -> service.move(verb, request)));
        web.start();
    }

    /** Who moves the money. It knows a payment by its id, and does the same thing once however often it is asked. */
    interface Acquirer {
        /** "" where it does so, or why it declines. `trace`: Xray.HEADER's value, or "". */
        String ask(String verb, Map<String, Object> payment, String trace) throws IOException;
    }

    /** An acquirer at "https://…": POST <url>/<verb> with the payment, 402 where it declines. */
    record Remote(String url) implements Acquirer {
        @Override
        public String ask(String verb, Map<String, Object> payment, String trace) throws IOException {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + "/" + verb))
                .timeout(Duration.ofSeconds(2)).header("Content-Type", "application/json")
                .header("Idempotency-Key", payment.get("payment") + "-" + verb)
                .POST(HttpRequest.BodyPublishers.ofString(Json.write(payment)));
            if (!trace.isEmpty()) {
                request.header(Xray.HEADER, trace);
            }
            HttpResponse<String> said = Aws.send(request.build());
            if (said.statusCode() == 402) {
                return "the acquirer declines";
            }
            if (said.statusCode() / 100 != 2) {
                throw new IOException("the acquirer says " + said.statusCode());
            }
            return "";
        }
    }

    /** None: no money moves. The method "declined" is declined, as test cards are. */
    static final class Pretended implements Acquirer {
        @Override
        public String ask(String verb, Map<String, Object> payment, String trace) {
            return "declined".equals(payment.get("method")) ? "the acquirer declines" : "";
        }
    }

    private Web.Answer authorise(Web.Request request) throws IOException {
        if (!request.path().equals("/api/payments") || !request.method().equals("POST")) {
            return Web.Answer.of(404, Map.of("error", "not found"));
        }
        Map<String, Object> said = Json.read(request.body());
        Map<String, Object> payment = new LinkedHashMap<>();
        payment.put("payment", "");
        for (String name : List.of("key", "user", "currency", "method")) {
            payment.put(name, text(said, name));
        }
        if (!CURRENCIES.contains(payment.get("currency"))) {
            throw new IllegalArgumentException("currency must be one of " + CURRENCIES);
        }
        if (!(said.get("cents") instanceof Double cents && cents == Math.rint(cents) && cents >= 0
                && cents <= LARGEST)) {
            throw new IllegalArgumentException("cents must be a whole number from 0 to " + (long) LARGEST);
        }
        payment.put("cents", said.get("cents"));
        payment.put("payment", Aws.hash(Json.write(payment)).substring(0, 32));
        String declined = asked("authorise", payment, request.trace());
        if (!declined.isEmpty()) {
            return Web.Answer.of(402, Map.of("error", declined));
        }
        payment.put("until", (double) Instant.now().plus(AUTHORISED).getEpochSecond());
        return stated(201, "authorised", payment);
    }

    /** Bring a payment from where its statement says that it stands to where a verb leads. */
    private Web.Answer move(String verb, Web.Request request) throws IOException {
        if (!request.method().equals("POST")) {
            return Web.Answer.of(405, Map.of("error", "POST"));
        }
        Map<String, Object> payment = opened(String.valueOf(Json.read(request.body()).get("statement")));
        Object state = payment.remove("state");
        if (DONE.get(verb).equals(state)) {
            return stated(200, DONE.get(verb), payment);
        }
        if (!FROM.get(verb).equals(state)) {
            return Web.Answer.of(409, Map.of("error", "it is " + state, "state", state));
        }
        if (verb.equals("capture") && (Double) payment.get("until") < Instant.now().getEpochSecond()) {
            return Web.Answer.of(409, Map.of("error", "it was not captured in time", "state", "expired"));
        }
        String declined = asked(verb, payment, request.trace());
        if (!declined.isEmpty()) {
            return Web.Answer.of(402, Map.of("error", declined));
        }
        return stated(200, DONE.get(verb), payment);
    }

    private String asked(String verb, Map<String, Object> payment, String trace) throws IOException {
        long start = System.nanoTime();
        try {
            return acquirer.ask(verb, payment, trace);
        } finally {
            metrics.took("acquirer_seconds", start);
        }
    }

    private Web.Answer stated(int status, String state, Map<String, Object> payment) throws IOException {
        payment.put("state", state);
        String content = encoded(Json.write(payment));
        String seal = (String) kms("GenerateMac", Map.of("Message", base64(content))).get("Mac");
        return Web.Answer.of(status, Map.of("payment", payment.get("payment"), "state", state,
            "statement", content + "." + seal));
    }

    /** What a statement says. Raises IllegalArgumentException for one that is not of this service. */
    private Map<String, Object> opened(String statement) throws IOException {
        String[] parts = statement.split("\\.");
        if (parts.length != 2 || parts[0].isEmpty() || statement.length() > 4096) {
            throw new IllegalArgumentException("statement must be what this service has said");
        }
        try {
            kms("VerifyMac", Map.of("Message", base64(parts[0]), "Mac", parts[1]));
        } catch (Aws.Refused refused) {
            if (refused.getMessage().contains("InvalidMac") || refused.getMessage().contains("ValidationException")) {
                throw new IllegalArgumentException("statement must be what this service has said");
            }
            throw refused;
        }
        return Json.read(new String(Base64.getUrlDecoder().decode(parts[0]), StandardCharsets.UTF_8));
    }

    private Map<String, Object> kms(String action, Map<String, Object> values) throws IOException {
        Map<String, Object> body = new LinkedHashMap<>(values);
        body.put("KeyId", key);
        body.put("MacAlgorithm", ALGORITHM);
        long start = System.nanoTime();
        try {
            return Json.read(aws.call("kms", "TrentService." + action, Json.write(body)));
        } finally {
            metrics.took("seal_seconds", start);
        }
    }

    private static String text(Map<String, Object> said, String name) {
        if (!(said.get(name) instanceof String value) || value.isEmpty() || value.length() > 128) {
            throw new IllegalArgumentException(name + " must be a text of 1 to 128 characters");
        }
        return value;
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String encoded(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
