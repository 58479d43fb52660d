import com.sun.net.httpserver.{HttpExchange, HttpHandler, HttpServer}
import java.io.IOException
import java.net.{InetSocketAddress, URI, URLDecoder}
import java.net.http.{HttpClient, HttpRequest, HttpResponse}
import java.nio.charset.StandardCharsets.UTF_8
import java.security.MessageDigest
import java.time.{Duration, Instant, ZoneOffset}
import java.time.format.DateTimeFormatter
import java.util.concurrent.Executors
import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec

/** Keys that requests to AWS are signed with, and when they end. */
case class Credentials(id: String, secret: String, token: Option[String], ends: Instant)

/** A machine's keys: those of its environment, or else those of its role, from its metadata (IMDSv2). */
class Identity(client: HttpClient, setting: String => Option[String]) {
  private val metadata = setting("AWS_EC2_METADATA_SERVICE_ENDPOINT").getOrElse("http://169.254.169.254")
  private val role = s"$metadata/latest/meta-data/iam/security-credentials/"
  @volatile private var known: Option[Credentials] = None

  def credentials(): Credentials = known match {
    case Some(valid) if Instant.now().isBefore(valid.ends.minusSeconds(300)) => valid
    case _ =>
      val fresh = fromEnvironment().getOrElse(fromRole())
      known = Some(fresh)
      fresh
  }

  private def fromEnvironment(): Option[Credentials] =
    for (id <- setting("AWS_ACCESS_KEY_ID"); secret <- setting("AWS_SECRET_ACCESS_KEY"))
      yield Credentials(id, secret, setting("AWS_SESSION_TOKEN"), Instant.MAX)

  private def fromRole(): Credentials = {
    val session = call(request(s"$metadata/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", "300")
      .PUT(HttpRequest.BodyPublishers.noBody()).build())
    def read(url: String) = call(request(url, "X-aws-ec2-metadata-token", session).GET().build())
    val text = read(role + read(role).linesIterator.next())
    def field(name: String) = ("\"" + name + "\"\\s*:\\s*\"([^\"]+)\"").r.findFirstMatchIn(text).map(_.group(1)).get
    val ends = Instant.parse(field("Expiration"))
    Credentials(field("AccessKeyId"), field("SecretAccessKey"), Some(field("Token")), ends)
  }

  private def request(url: String, header: String, value: String) =
    HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(1)).header(header, value)

  private def call(request: HttpRequest): String = {
    val answer = client.send(request, HttpResponse.BodyHandlers.ofString())
    if (answer.statusCode() != 200) throw new IOException(s"${request.uri()} says ${answer.statusCode()}")
    answer.body()
  }
}

/** Version 4 of AWS's signature, of a POST:
  * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
object Signature {
  private val stamp = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC)

  /** The headers that a signed request has besides its Content-Type and its Host. */
  def headers(uri: URI, body: String, region: String, keys: Credentials): Seq[(String, String)] = {
    val time = stamp.format(Instant.now())
    val scope = s"${time.take(8)}/$region/es/aws4_request"
    val added = Seq("x-amz-date" -> time) ++ keys.token.map("x-amz-security-token" -> _)
    val signed = Seq("content-type" -> "application/json", "host" -> uri.getAuthority) ++ added
    val names = signed.map(_._1).mkString(";")
    val canonical = Seq("POST", uri.getRawPath, Option(uri.getRawQuery).getOrElse(""),
      signed.map(header => s"${header._1}:${header._2}\n").mkString, names, hash(body)).mkString("\n")
    val text = Seq("AWS4-HMAC-SHA256", time, scope, hash(canonical)).mkString("\n")
    val key = scope.split("/").foldLeft(s"AWS4${keys.secret}".getBytes(UTF_8))(hmac)
    val credential = s"AWS4-HMAC-SHA256 Credential=${keys.id}/$scope"
    added :+ ("Authorization" -> s"$credential, SignedHeaders=$names, Signature=${hex(hmac(key, text))}")
  }

  private def hash(text: String): String = hex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8)))

  private def hmac(key: Array[Byte], text: String): Array[Byte] = {
    val mac = Mac.getInstance("HmacSHA256")
    mac.init(new SecretKeySpec(key, "HmacSHA256"))
    mac.doFinal(text.getBytes(UTF_8))
  }

  private def hex(bytes: Array[Byte]): String = bytes.map(byte => "%02x".format(byte & 0xff)).mkString
}

/** The titles in OpenSearch. */
class Titles(address: String, region: String, client: HttpClient, identity: Identity) {
  private val place = if (address.endsWith(":443")) s"https://${address.dropRight(4)}" else s"http://$address"
  // An index that is not there yet holds no titles. Parameters are sorted and escaped, as the signature wants them.
  private val search = URI.create(s"$place/titles/_search?filter_path=hits.hits._source&ignore_unavailable=true")

  /** What OpenSearch finds, as it says it, or None where it does not answer. */
  def like(query: Option[String]): Option[String] =
    try {
      val body = question(query)
      val request = HttpRequest.newBuilder(search).timeout(Duration.ofMillis(1500))
        .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body))
      val signed = Signature.headers(search, body, region, identity.credentials())
      signed.foreach(header => request.header(header._1, header._2))
      val answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString())
      if (answer.statusCode() == 200) Some(answer.body())
      else throw new IOException(s"it says ${answer.statusCode()}: ${answer.body().take(200)}")
    } catch {
      case lost: Exception =>
        System.err.println(s"search is lost: $lost")
        None
    }

  private def question(query: Option[String]): String = {
    val clause = query match {
      case Some(text) =>
        s"""{"multi_match": {"query": ${quoted(text)}, "fields": ["title^2", "genres"], "fuzziness": "AUTO"}}"""
      case None => """{"match_all": {}}"""
    }
    val popular = """{"popularity": {"order": "desc", "unmapped_type": "double"}}"""
    s"""{"size": 10, "query": $clause, "sort": ["_score", $popular]}"""
  }

  private def quoted(text: String): String = text.map {
    case '"' => "\\\""
    case '\\' => "\\\\"
    case control if control < ' ' => "\\u%04x".format(control.toInt)
    case plain => plain.toString
  }.mkString("\"", "", "\"")
}

/** The recommendation service until a real one takes its place: answers for its health, and with titles like a query. */
object RecommendationService {
  def main(arguments: Array[String]): Unit = {
    val setting = (name: String) => Option(System.getenv(name)).filter(_.nonEmpty)
    val client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
      .connectTimeout(Duration.ofMillis(500)).build()
    val region = setting("AWS_REGION").getOrElse("us-east-1")
    val titles = new Titles(setting("TITLES_ADDRESS").getOrElse(""), region, client, new Identity(client, setting))
    val server = HttpServer.create(new InetSocketAddress(setting("PORT").getOrElse("8080").toInt), 0)
    server.setExecutor(Executors.newFixedThreadPool(64))
    serve(server, "/health")(_ => (200, """{"status": "up"}"""))
    serve(server, "/api/recommendations") { exchange =>
      titles.like(parameter(exchange, "q")) match {
        case Some(found) => (200, s"""{"recommendations": $found}""")
        case None => (503, """{"search": "lost"}""")
      }
    }
    server.start()
  }

  private def serve(server: HttpServer, path: String)(answer: HttpExchange => (Int, String)): Unit =
    server.createContext(path, new HttpHandler {
      override def handle(exchange: HttpExchange): Unit = {
        val (status, body) = answer(exchange)
        val bytes = body.getBytes(UTF_8)
        exchange.getResponseHeaders.set("Content-Type", "application/json")
        exchange.sendResponseHeaders(status, bytes.length.toLong)
        exchange.getResponseBody.write(bytes)
        exchange.close()
      }
    })

  private def parameter(exchange: HttpExchange, name: String): Option[String] =
    Option(exchange.getRequestURI.getRawQuery).toSeq.flatMap(_.split("&")).map(_.split("=", 2))
      .collectFirst { case Array(`name`, value) if value.nonEmpty => URLDecoder.decode(value, "UTF-8") }
}
