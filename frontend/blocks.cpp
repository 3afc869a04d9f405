#include "frontend/blocks.h"

#include "frontend/extern_kernel.h"
#include "frontend/graph.h"
#include "frontend/homes.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

using Node = std::shared_ptr<const ArrayNode>;
using LoopPtr = std::shared_ptr<const LoopNode>;
using Kind = ArrayNode::Kind;

// Splits a program into kernels and loops in two passes: the first finds which Arrays must lie in memory, the second
// orders those of each home by the loops of that home that they wait for. All Arrays of one home and rank are one kernel.
class Partition {
public:
    explicit Partition(const Program &program) : homes_(program) {
        for (const ProgramOutput &output : program.outputs()) {
            materialise(output.array.node());
        }
        place_shared_values();
    }

    Block block(const LoopNode *home, const std::string &kernel_name);

private:
    struct Room {
        std::vector<Node> arrays;    // Values that lie in memory
        std::vector<LoopPtr> loops;  // both in order of discovery, producers first
    };
    Homes homes_;
    std::map<const LoopNode *, Room> rooms_;
    std::vector<const LoopNode *> homes_met_;  // the keys of rooms_, in an order that addresses do not decide
    std::set<const ArrayNode *> in_memory_;
    std::set<const LoopNode *> seen_loops_;
    std::map<const LoopNode *, std::set<int>> histories_, stacks_;

    std::map<const ArrayNode *, int> array_rank_;
    std::map<const LoopNode *, int> loop_rank_;
    std::map<std::string, int> names_used_;

    Room &room_of(const LoopNode *home) {
        const auto [room, is_new] = rooms_.try_emplace(home);
        if (is_new) {
            homes_met_.push_back(home);
        }
        return room->second;
    }
    void materialise(const Node &node);
    void require(const LoopPtr &loop);
    void place_shared_values();

    // The Arrays that the Values in `nodes` read from memory, with Values of the same home that are not in memory
    // looked through.
    std::vector<Node> memory_reads(const std::vector<Node> &nodes, const std::set<const ArrayNode *> &own);
    std::vector<Node> outer_reads(const LoopPtr &loop);
    int rank(const Node &node);
    int rank(const LoopPtr &loop);
    // The rank at which an Array is computed: that of an extern kernel is computed between the kernel of that rank and what
    // reads it, as a loop is.
    int turn(const Node &node) { return rank(node) - (is_extern_kernel(*node) ? 1 : 0); }
    Kernel kernel(const std::vector<Node> &outputs, const std::string &name);

    std::string unique(const std::string &name) {
        const int n = ++names_used_[name];
        return n == 1 ? name : name + "." + std::to_string(n);
    }
};

void Partition::materialise(const Node &node) {
    if (node->loop) {
        if (node->kind == Kind::History) {
            histories_[node->loop.get()].insert(node->index);
        } else if (node->kind == Kind::Stack) {
            stacks_[node->loop.get()].insert(node->index);
        }
        require(node->loop);
    }
    if (node->kind != Kind::Value || !in_memory_.insert(node.get()).second) {
        return;
    }
    for (const Node &read : memory_reads({node}, {node.get()})) {
        materialise(read);
    }
    room_of(homes_.of(node)).arrays.push_back(node);
}

void Partition::require(const LoopPtr &loop) {
    if (!seen_loops_.insert(loop.get()).second) {
        return;
    }
    for (const Array &array : read_before(*loop)) {
        materialise(array.node());
    }
    for (const Array &array : loop->next) {
        materialise(array.node());
    }
    room_of(homes_.of(loop)).loops.push_back(loop);
}

// A Value that kernels of different ranks read is computed once and kept.
void Partition::place_shared_values() {
    for (bool changed = true; changed;) {
        changed = false;
        array_rank_.clear();
        loop_rank_.clear();
        std::vector<std::pair<Node, std::set<int>>> read;  // Values, and the ranks of what reads them
        std::map<const ArrayNode *, size_t> place;
        for (const LoopNode *home : homes_met_) {
            for (const Node &node : rooms_[home].arrays) {
                std::set<std::string> seen;
                std::vector<Function> todo{node->value.function()};
                while (!todo.empty()) {
                    const Function function = todo.back();
                    todo.pop_back();
                    if (!seen.insert(function.name()).second) {
                        continue;
                    }
                    const Node array = array_node(function);
                    if (array && array->kind == Kind::Value && !in_memory_.count(array.get())) {
                        const auto [known, is_new] = place.emplace(array.get(), read.size());
                        if (is_new) {
                            read.emplace_back(array, std::set<int>());
                        }
                        read[known->second].second.insert(rank(node));
                    }
                    if (!array || array->kind != Kind::Value || !in_memory_.count(array.get())) {
                        for (const Function &callee : reads_of(function).functions) {
                            todo.push_back(callee);
                        }
                    }
                }
            }
        }
        for (const auto &[node, ranks] : read) {
            if (ranks.size() > 1 && !in_memory_.count(node.get())) {
                materialise(node);
                changed = true;
            }
        }
    }
}

std::vector<Node> Partition::memory_reads(const std::vector<Node> &nodes, const std::set<const ArrayNode *> &own) {
    std::vector<Node> reads;
    std::set<const ArrayNode *> seen;
    std::set<std::string> functions;
    std::set<const ArrayNode *> given;  // to an extern kernel
    for (const Node &node : nodes) {
        for (const Function &callee : reads_of(node->value.function()).functions) {
            if (const Node read = array_node(callee); read && is_extern_kernel(*node)) {
                given.insert(read.get());
            }
        }
    }
    std::function<void(const Function &)> walk = [&](const Function &function) {
        if (!functions.insert(function.name()).second) {
            return;
        }
        if (Node node = array_node(function)) {
            const bool kept = node->kind != Kind::Value ||
                              (!own.count(node.get()) && (in_memory_.count(node.get()) || is_extern_kernel(*node) ||
                                                          homes_.of(node) != homes_.of(nodes.front())));
            if (kept || given.count(node.get())) {
                if (seen.insert(node.get()).second) {
                    reads.push_back(node);
                }
                return;
            }
        }
        for (const Function &callee : reads_of(function).functions) {
            walk(callee);
        }
    };
    for (const Node &node : nodes) {
        walk(node->value.function());
    }
    return reads;
}

// What the loop needs from the block it stands in (and from blocks around that).
std::vector<Node> Partition::outer_reads(const LoopPtr &loop) {
    std::vector<Node> reads;
    std::set<const ArrayNode *> seen;
    std::function<void(const Node &)> add = [&](const Node &node) {
        if (!seen.insert(node.get()).second) {
            return;
        }
        if (!homes_.is_within(node, loop.get())) {
            reads.push_back(node);
        } else if (node->kind == Kind::Value) {
            for (const Node &read : memory_reads({node}, {node.get()})) {
                add(read);
            }
        } else if (node->loop) {
            for (const Array &array : read_before(*node->loop)) {
                add(array.node());
            }
            for (const Array &array : node->loop->next) {
                add(array.node());
            }
        }
    };
    for (const Array &array : read_before(*loop)) {
        add(array.node());
    }
    for (const Array &array : loop->next) {
        add(array.node());
    }
    return reads;
}

// How many loops and extern kernels of its own block a thing waits for, one after the other.
int Partition::rank(const Node &node) {
    if (node->loop) {
        return rank(node->loop) + 1;
    }
    if (node->kind != Kind::Value) {
        return 0;
    }
    if (auto it = array_rank_.find(node.get()); it != array_rank_.end()) {
        return it->second;
    }
    int r = 0;
    for (const Node &read : memory_reads({node}, {node.get()})) {
        if (homes_.of(read) == homes_.of(node)) {
            r = std::max(r, rank(read));
        }
    }
    return array_rank_[node.get()] = r + (is_extern_kernel(*node) ? 1 : 0);
}

int Partition::rank(const LoopPtr &loop) {
    if (auto it = loop_rank_.find(loop.get()); it != loop_rank_.end()) {
        return it->second;
    }
    int r = 0;
    for (const Node &read : outer_reads(loop)) {
        if (homes_.of(read) == homes_.of(loop)) {
            r = std::max(r, rank(read));
        }
    }
    return loop_rank_[loop.get()] = r;
}

Kernel Partition::kernel(const std::vector<Node> &outputs, const std::string &name) {
    Kernel kernel;
    kernel.name = unique(name);
    std::set<const ArrayNode *> own;
    for (const Node &node : outputs) {
        own.insert(node.get());
    }
    std::vector<Expr> exprs;
    for (const Node &node : memory_reads(outputs, own)) {
        kernel.inputs.push_back(Array::from_node(node));
        exprs.insert(exprs.end(), node->extents.begin(), node->extents.end());
    }
    std::set<std::string> functions;
    std::function<void(const Function &)> walk = [&](const Function &function) {
        Node node = array_node(function);
        const bool stop = node && std::any_of(kernel.inputs.begin(), kernel.inputs.end(),
                                              [&](const Array &a) { return a.node() == node; });
        if (!stop && functions.insert(function.name()).second) {
            for_each_expr(function, [&](const Expr &e) { exprs.push_back(e); });
            for (const Function &callee : reads_of(function).functions) {
                walk(callee);
            }
        }
    };
    for (const Node &node : outputs) {
        kernel.outputs.push_back(Array::from_node(node));
        exprs.insert(exprs.end(), node->extents.begin(), node->extents.end());
        walk(node->value.function());
    }
    kernel.scalars = reads_of(exprs).parameters;
    return kernel;
}

Block Partition::block(const LoopNode *home_loop, const std::string &kernel_name) {
    Block block;
    const Room &room = rooms_[home_loop];
    int last = 0;
    for (const Node &node : room.arrays) {
        last = std::max(last, turn(node));
    }
    for (const LoopPtr &loop : room.loops) {
        last = std::max(last, rank(loop));
    }
    for (int r = 0; r <= last; r++) {
        std::vector<Node> outputs;
        for (const Node &node : room.arrays) {
            if (turn(node) == r && !is_extern_kernel(*node)) {
                outputs.push_back(node);
            }
        }
        if (!outputs.empty()) {
            block.steps.emplace_back(kernel(outputs, kernel_name));
        }
        for (const Node &node : room.arrays) {
            if (turn(node) == r && is_extern_kernel(*node)) {
                block.steps.emplace_back(kernel({node}, node->name));
            }
        }
        for (const LoopPtr &node : room.loops) {
            if (rank(node) == r) {
                auto loop = std::make_shared<Loop>();
                loop->node = node;
                loop->name = unique("loop " + node->options.name).substr(5);
                loop->has_history.resize(node->state.size());
                loop->has_stack.resize(node->state.size());
                for (int index : histories_[node.get()]) {
                    loop->has_history[index] = true;
                }
                for (int index : stacks_[node.get()]) {
                    loop->has_stack[index] = true;
                }
                loop->body = this->block(node.get(), node->options.name);
                block.steps.emplace_back(std::move(loop));
            }
        }
    }
    return block;
}

}  // namespace

Block blocks_of(const Program &program) { return Partition(program).block(nullptr, "main"); }

std::vector<Kernel> kernels_of(const Block &block) {
    std::vector<Kernel> kernels;
    for (const Step &step : block.steps) {
        if (const auto *kernel = std::get_if<Kernel>(&step)) {
            kernels.push_back(*kernel);
        } else {
            const std::vector<Kernel> inner = kernels_of(std::get<std::shared_ptr<const Loop>>(step)->body);
            kernels.insert(kernels.end(), inner.begin(), inner.end());
        }
    }
    return kernels;
}

std::vector<Kernel> kernels_of(const Program &program) { return kernels_of(blocks_of(program)); }

}  // namespace sylvite
