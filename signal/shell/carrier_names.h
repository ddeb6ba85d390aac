// How clients without WebSocket call their connections: a secret that nobody guesses, behind the name of the node that
// has the connection, and a proof that a node of this cluster has made it. So any node knows where a request belongs
// before it has read more than its first line.
//
//   | node | . | secret, 24 characters | proof, 16 characters |
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/random.h"
#include "common/base/secret.h"

namespace noom::signal {

constexpr size_t kCarrierNameBytesMax = 64;

class CarrierNames {
 public:
  // `key`: the same at all nodes; empty: drawn.
  CarrierNames(const Secret& key, Random& random);

  // Characters of base64url, at most 22. Until then a drawn one.
  void set_node(std::string node) { node_ = std::move(node); }

  std::string draw();
  // The node in a name that draw() has made here or at another node. Any text is legal input; nullopt for all else.
  std::optional<std::string_view> node_of(std::string_view name) const;
  bool is_own(std::string_view node) const { return node == node_; }

 private:
  std::string proof_of(std::string_view node, std::string_view secret) const;

  Random& random_;
  Secret key_;
  std::string node_;
};

}  // namespace noom::signal
