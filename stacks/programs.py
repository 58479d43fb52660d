"""How the companies' own services are run in images that anyone can have."""

from pathlib import Path

SERVICES = Path(__file__).parent / "services"
JAVA = "java -XX:MaxRAMPercentage=60 -XX:+ExitOnOutOfMemoryError"
SPARK = "docker/library/spark:4.0.1-scala2.13-java21-ubuntu"
"""It has Scala's compiler."""
SCALA_JARS = ":".join(
    f"/opt/spark/jars/scala-{part}-2.13.16.jar" for part in ("compiler", "library", "reflect")
)
SCALA = f"{JAVA} -cp {SCALA_JARS} scala.tools.nsc.MainGenericRunner -usejavacp"
TEMURIN = "docker/library/eclipse-temurin:21-jdk"
