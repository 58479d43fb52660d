import com.sun.net.httpserver.{HttpExchange, HttpHandler, HttpServer}
import java.net.{InetSocketAddress, URLDecoder}
import java.nio.charset.StandardCharsets.UTF_8
import java.util.concurrent.Executors
import java.util.concurrent.atomic.{DoubleAdder, LongAdder}

/** A point of the earth, in degrees. */
case class Place(lat: Double, lng: Double) {
  require(lat.abs <= 90 && lng.abs <= 180, "lat is -90 to 90, lng -180 to 180")

  /** Kilometres to another as the crow flies, by the haversine formula. */
  def to(other: Place): Double = {
    val (here, there) = (lat.toRadians, other.lat.toRadians)
    val half = math.pow(math.sin((there - here) / 2), 2) +
      math.cos(here) * math.cos(there) * math.pow(math.sin((other.lng - lng).toRadians / 2), 2)
    2 * 6371 * math.asin(math.sqrt(math.min(1, half)))
  }
}

/** What a ride costs, and why. */
case class Price(fare: BigDecimal, surge: BigDecimal, kilometres: BigDecimal, minutes: BigDecimal) {
  def json: String =
    s"""{"fare": $fare, "currency": "USD", "surge": $surge, "distance_km": $kilometres, "minutes": $minutes}"""
}

object Price {
  private val Start = 2.50
  private val PerKilometre = 1.10
  private val PerMinute = 0.28
  private val Least = 7.00
  private val Detour = 1.3 // roads against the crow
  private val KilometresPerMinute = 24.0 / 60 // in a city

  /** Demand over supply, never below 1, where a ride has its plain price, nor above this. */
  val MostSurge = 3.0

  def of(from: Place, to: Option[Place], supply: Double, demand: Double): Price = {
    val kilometres = to.fold(0.0)(from.to) * Detour
    val minutes = kilometres / KilometresPerMinute
    val surge = rounded(surgeOf(supply, demand), 1)
    val plain = math.max(Least, Start + PerKilometre * kilometres + PerMinute * minutes)
    Price(rounded(plain * surge.toDouble, 2), surge, rounded(kilometres, 2), rounded(minutes, 1))
  }

  private def surgeOf(supply: Double, demand: Double): Double =
    if (demand <= supply) 1 else if (supply <= 0) MostSurge else math.min(MostSurge, demand / supply)

  private def rounded(number: Double, digits: Int): BigDecimal =
    BigDecimal(number).setScale(digits, BigDecimal.RoundingMode.HALF_UP)
}

/** What Prometheus reads: https://prometheus.io/docs/instrumenting/exposition_formats/ */
class Meter {
  private val bounds = Seq(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1)
  private val counts = Seq.fill(bounds.size + 1)(new LongAdder)
  private val sum = new DoubleAdder
  private val answers = Seq(200, 400).map(status => status -> new LongAdder).toMap

  def took(status: Int, nanos: Long): Unit = {
    val seconds = nanos / 1e9
    counts(bounds.indexWhere(seconds <= _) match { case -1 => bounds.size; case bound => bound }).increment()
    sum.add(seconds)
    answers(status).increment()
  }

  def text: String = {
    val below = counts.map(_.sum).scanLeft(0L)(_ + _).tail
    val limits = bounds.map(bound => BigDecimal(bound).bigDecimal.toPlainString) :+ "+Inf"
    val buckets = limits.zip(below).map(one => s"""price_seconds_bucket{le="${one._1}"} ${one._2}""")
    val requests = answers.toSeq.map(one => s"""http_requests_total{status="${one._1}"} ${one._2.sum}""")
    (Seq("# HELP http_requests_total Requests answered.", "# TYPE http_requests_total counter") ++ requests ++
      Seq("# HELP price_seconds Time that a price takes.", "# TYPE price_seconds histogram") ++ buckets ++
      Seq(s"price_seconds_sum ${sum.sum}", s"price_seconds_count ${below.last}")).mkString("", "\n", "\n")
  }
}

/** The pricing service: GET /api/prices?from_lat=&from_lng=[&to_lat=&to_lng=][&supply=&demand=].
  *
  * A ride costs by its distance and time, and more where more ask for one than can give one: `demand` riders for `supply`
  * drivers. Without a destination it is the least that a ride from there costs. It keeps nothing, and calls nobody.
  */
object PricingService {
  private val meter = new Meter

  def main(arguments: Array[String]): Unit = {
    val port = Option(System.getenv("PORT")).getOrElse("8080").toInt
    val server = HttpServer.create(new InetSocketAddress(port), 128)
    server.setExecutor(Executors.newFixedThreadPool(32))
    serve(server, "/health", "application/json")(_ => (200, """{"status": "up"}"""))
    serve(server, "/metrics", "text/plain; version=0.0.4")(_ => (200, meter.text))
    serve(server, "/api/prices", "application/json") { exchange =>
      val start = System.nanoTime()
      val (status, body) = answer(parameters(exchange))
      meter.took(status, System.nanoTime() - start)
      (status, body)
    }
    server.start()
  }

  private def answer(given: Map[String, String]): (Int, String) = {
    def number(name: String): Double = given.get(name).map(_.toDouble).getOrElse(Double.NaN)
    def count(name: String): Double = if (given.contains(name)) number(name) else 1
    def place(side: String): Place = Place(number(s"${side}_lat"), number(s"${side}_lng"))
    try {
      val to = if (given.contains("to_lat") || given.contains("to_lng")) Some(place("to")) else None
      val (supply, demand) = (count("supply"), count("demand"))
      require(supply >= 0 && demand >= 0, "supply and demand are 0 or above")
      (200, Price.of(place("from"), to, supply, demand).json)
    } catch {
      case _: IllegalArgumentException => // a NumberFormatException is one too
        (400, """{"error": "from_lat and from_lng, in degrees; also to_lat and to_lng, supply and demand"}""")
    }
  }

  private def parameters(exchange: HttpExchange): Map[String, String] =
    Option(exchange.getRequestURI.getRawQuery).toSeq.flatMap(_.split("&")).map(_.split("=", 2))
      .collect { case Array(name, value) => name -> URLDecoder.decode(value, "UTF-8") }.toMap

  private def serve(server: HttpServer, path: String, kind: String)(answer: HttpExchange => (Int, String)): Unit =
    server.createContext(path, new HttpHandler {
      override def handle(exchange: HttpExchange): Unit = {
        val (status, body) = answer(exchange)
        val bytes = body.getBytes(UTF_8)
        exchange.getResponseHeaders.set("Content-Type", kind)
        exchange.sendResponseHeaders(status, bytes.length.toLong)
        exchange.getResponseBody.write(bytes)
        exchange.close()
      }
    })
}
