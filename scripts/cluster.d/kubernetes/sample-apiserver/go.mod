// Kubernetes names this module, uses nothing of it in its programs, and its old versions are not offered by all
// proxies: an empty one stands for it.
module k8s.io/sample-apiserver

go 1.23.0
