"""EMR Serverless: applications. Nothing runs on them."""

from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import validate


@creates("aws:emrserverless/application:Application")
def application(new: New) -> Made:
    client = new.client("emr-serverless")
    rename: dict[str, str | None] = {"tags": None}
    request = new.fit("emr-serverless", "create_application", rename, name=new.name, tags=new.tags)
    request |= {"clientToken": new.hash(32), "type": new["type"].upper()}
    validate(client, "create_application", request)
    made = client.create_application(**request)
    return made["applicationId"], {"arn": made["arn"], "name": new.name}
