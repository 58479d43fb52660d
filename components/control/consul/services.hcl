# What services may do: say where they are, and find each other. The servers' own entry is the servers'.
node_prefix "" {
  policy = "read"
}
service_prefix "" {
  policy = "write"
}
service "consul" {
  policy = "read"
}
