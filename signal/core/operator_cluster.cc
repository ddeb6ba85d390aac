// The operator's questions about rooms of other nodes: to whom they go, and what becomes of them.
#include <algorithm>
#include <utility>

#include "signal/core/cluster/nodes.h"
#include "signal/core/operator.h"

namespace noom::signal {
namespace {

OperatorAnswer refused(OperatorRefusal::Why why, std::string node = {}) {
  OperatorAnswer answer;
  answer.refusal = OperatorRefusal{why, std::move(node)};
  return answer;
}

}  // namespace

std::variant<OperatorAnswer, uint64_t> Operator::ask(const OperatorQuestion& question) {
  using Why = OperatorRefusal::Why;
  if (question.kind == OperatorQuestion::Kind::kListRooms) return ask_for_list(question);
  // What is ordered while other nodes and relays cannot hear of it would hold only here.
  if (question.is_order() && hub_.is_cut_off()) return refused(Why::kUnavailable);
  if (hub_.nodes_ == nullptr || hub_.host_.find_room(question.room)) {
    auto answered = answer(question);
    hub_.heed(now_, output_);
    return answered;
  }
  const auto remote = hub_.nodes_->remote_rooms.find(question.room);
  const uint32_t owner =
      remote != hub_.nodes_->remote_rooms.end() ? remote->second.owner : hub_.nodes_->owner_of(question.room);
  if (hub_.is_cut_off()) return refused(Why::kUnavailable);
  if (owner == kThisNode) return answer(question);
  if (!hub_.nodes_->is_there(owner) || !may_ask()) return refused(Why::kUnavailable, hub_.nodes_->name(owner));
  return ask_node(owner, question);
}

// The rooms of the node that the cursor names, or of the first one after it.
std::variant<OperatorAnswer, uint64_t> Operator::ask_for_list(const OperatorQuestion& question) {
  if (hub_.nodes_ == nullptr) return answer(question);
  if (hub_.is_cut_off()) return own_list(question);
  const auto view = hub_.nodes_->cluster.membership().view();
  const auto found = std::find_if(view.begin(), view.end(),
                                  [&](const NodeView& known) { return known.address.node >= question.from.node; });
  if (found == view.end() && !view.empty()) return OperatorAnswer();
  const std::string target = found != view.end() ? found->address.node : node();
  OperatorQuestion asked = question;
  asked.from = {target, target == question.from.node ? question.from.slot : 0};
  if (target == node()) {
    OperatorAnswer own = answer(asked);
    return complete(asked, target, &own);
  }
  if (!may_ask()) return complete(asked, target, nullptr);
  return ask_node(hub_.nodes_->number(target), asked);
}

// There is no way to the others: their rooms are passed over.
OperatorAnswer Operator::own_list(const OperatorQuestion& question) {
  OperatorAnswer own;
  OperatorQuestion asked = question;
  if (question.from.node != node()) asked.from = {node(), 0};
  if (question.from.node <= node()) own = answer(asked);
  own.page.cut_off = true;
  return own;
}

bool Operator::may_ask() const {
  return hub_.nodes_->questions.size() < kOperatorQuestionsMax;
}

uint64_t Operator::ask_node(uint32_t node, const OperatorQuestion& question) {
  const uint64_t number = ++hub_.nodes_->questions_asked;
  hub_.nodes_->questions.emplace(number, OpenQuestion{question, node, now_.mono + kOperatorPatience});
  hub_.expect_answer(now_);
  hub_.tell_node(now_, node, node::OperatorAsked{number, question});
  hub_.heed(now_, output_);
  return number;
}

OperatorAnswer Operator::complete(const OperatorQuestion& question, const std::string& node,
                                  OperatorAnswer* answer) const {
  if (question.kind != OperatorQuestion::Kind::kListRooms)
    return answer != nullptr ? std::move(*answer) : refused(OperatorRefusal::Why::kUnavailable, node);
  OperatorAnswer list = answer != nullptr ? std::move(*answer) : OperatorAnswer();
  if (answer == nullptr) list.page.unavailable = node;
  list.page.cut_off = hub_.is_cut_off();
  if (list.page.next) return list;
  const auto view = hub_.nodes_->cluster.membership().view();
  const auto after =
      std::find_if(view.begin(), view.end(), [&](const NodeView& known) { return known.address.node > node; });
  if (after != view.end()) list.page.next = RoomCursor{after->address.node, 0};
  return list;
}

// The room may be on its way from one node to another.
OperatorRefusal Operator::no_such_room(std::string_view room) const {
  using Why = OperatorRefusal::Why;
  if (hub_.nodes_ == nullptr) return {Why::kNoSuchRoom};
  const uint32_t owner = hub_.nodes_->owner_of(room);
  const bool is_on_its_way = owner != kThisNode || hub_.nodes_->gatherings.contains(std::string(room));
  if (is_on_its_way) return {Why::kUnavailable, hub_.nodes_->name(owner)};
  return {Why::kNoSuchRoom};
}

std::vector<NodeSummary> Operator::nodes() const {
  std::vector<NodeSummary> nodes;
  if (hub_.nodes_ == nullptr) return nodes;
  const std::string self = node();
  for (const NodeView& view : hub_.nodes_->cluster.membership().view())
    nodes.push_back({view.address.node, view.address.node == self, view.draining,
                     view.address.node == self ? hub_.load() : view.load});
  return nodes;
}

// ---- between nodes ----

void Hub::heed(Now now, uint32_t from, const node::OperatorAsked& asked, Output& output) {
  Operator by(*this, now, output);
  tell_node(now, from, node::OperatorAnswered{asked.number, by.answer(asked.question)});
}

void Hub::heed(Now now, uint32_t from, const node::OperatorAnswered& answered, Output& output) {
  const auto found = nodes_->questions.find(answered.number);
  if (found == nodes_->questions.end() || found->second.node != from) return;
  OperatorAnswer answer = answered.answer;
  output.replies.push_back(
      {answered.number,
       Operator(*this, now, output).complete(found->second.question, nodes_->name(found->second.node), &answer)});
  nodes_->questions.erase(found);
}

void Hub::tick_questions(Now now, Output& output) {
  // In the order in which they were asked: the first ends first.
  while (!nodes_->questions.empty() && nodes_->questions.begin()->second.ends <= now.mono) {
    const auto first = nodes_->questions.begin();
    output.replies.push_back(
        {first->first,
         Operator(*this, now, output).complete(first->second.question, nodes_->name(first->second.node), nullptr)});
    nodes_->questions.erase(first);
  }
}

}  // namespace noom::signal
