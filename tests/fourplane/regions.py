"""A program in two regions, as small as one can be: boxes with a queue and a role, and ways between them."""

PROGRAM = """
import json

class Region(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("fourplane:index:Region", name, {})

class Box(pulumi.ComponentResource):
    def __init__(self, name, parent=None):
        super().__init__("fourplane:index:Box", name, {}, pulumi.ResourceOptions(parent=parent))
        self.name, self.around = name, parent
        self.child = pulumi.ResourceOptions(parent=self)
        tags = {"component": name, "plane": "service"}
        self.queue = aws.sqs.Queue(name, tags=tags, opts=self.child)
        self.role = aws.iam.Role(name, assume_role_policy="{}", tags=tags, opts=self.child)

def way(a, b):
    allow = lambda arn: json.dumps({"Statement": {"Effect": "Allow", "Action": "sqs:Send", "Resource": arn}})
    name = f"{a.name}-to-{b.name}" + ("" if b.around is a.around else "-abroad")
    aws.iam.RolePolicy(name, role=a.role.id, policy=b.queue.arn.apply(allow), opts=a.child)

eu = Region("eu")
edge, key = Box("edge"), Box("key")
gateway, user = Box("gateway"), Box("user")
eu_gateway, eu_user = Box("gateway", eu), Box("user", eu)
"""
ALL = """
way(edge, gateway)
way(edge, eu_gateway)
way(gateway, user)
way(eu_gateway, eu_user)
"""
