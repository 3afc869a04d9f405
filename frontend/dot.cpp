#include "frontend/dot.h"

#include "frontend/blocks.h"
#include "frontend/print.h"

#include <map>
#include <sstream>

namespace sylvite {

namespace {

std::string quoted(const std::string &text) {
    std::string result = "\"";
    for (const char c : text) {
        result += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    }
    return result + "\"";
}

// `u: float32 [n, 4]`
std::string describe(const std::string &name, const Type &type, const std::vector<Expr> &extents) {
    std::ostringstream text;
    text << name << ": " << type << " [";
    for (size_t d = 0; d < extents.size(); d++) {
        text << (d ? ", " : "") << print(extents[d]);
    }
    text << "]";
    return text.str();
}

std::string describe(const Array &array) { return describe(array.name(), array.type(), array.extents()); }

class Drawing {
public:
    std::string text(const Program &program) {
        out_ << "digraph " << quoted(program.name()) << " {\n  node [shape=box]\n";
        for (const ProgramInput &input : program.inputs()) {
            const std::string id = "input " + input.name();
            if (input.is_array()) {
                makers_[input.array().node().get()] = id;
                node(id, {describe(input.array())}, "shape=ellipse", "  ");
            } else {
                std::ostringstream label;
                label << input.name() << ": " << input.type();
                scalars_[input.parameter().name()] = id;
                node(id, {label.str()}, "shape=ellipse, style=dotted", "  ");
            }
        }
        draw(blocks_of(program), "  ");
        for (const ProgramOutput &output : program.outputs()) {
            const std::string id = "output " + output.name;
            node(id, {describe(output.name, output.array.type(), output.array.extents())},
                 "shape=ellipse, peripheries=2", "  ");
            edge(output.array, id);
        }
        out_ << edges_.str() << "}\n";
        return out_.str();
    }

private:
    std::ostringstream out_, edges_;  // edges come last: one inside a frame would draw its ends into it
    std::map<const ArrayNode *, std::string> makers_;
    std::map<std::string, std::string> scalars_;
    std::map<const LoopNode *, std::string> loops_;

    void node(const std::string &id, const std::vector<std::string> &lines, const std::string &look,
              const std::string &indent) {
        std::string label;
        for (const std::string &line : lines) {
            label += (label.empty() ? "" : "\\n") + line;
        }
        out_ << indent << quoted(id) << " [label=\"" << label << "\"" << (look.empty() ? "" : ", " + look) << "]\n";
    }

    static std::string state_id(const std::string &loop, size_t index) {
        return "state " + loop + " " + std::to_string(index);
    }

    // What makes an Array, and what it is called there: a loop's Arrays come from its states.
    std::pair<std::string, std::string> maker(const Array &array) const {
        const ArrayNode &node = *array.node();
        if (!node.loop) {
            return {makers_.at(&node), node.name};
        }
        const std::string name = node.kind == ArrayNode::Kind::Result    ? node.name + "'"
                                 : node.kind == ArrayNode::Kind::History ? "history(" + node.name + ")"
                                                                         : "stack(" + node.name + ")";
        return {state_id(loops_.at(node.loop.get()), node.index), name};
    }

    void edge(const Array &array, const std::string &to, const std::string &look = "") {
        const auto [from, name] = maker(array);
        edges_ << "  " << quoted(from) << " -> " << quoted(to) << " [label=" << quoted(name)
               << (look.empty() ? "" : ", " + look) << "]\n";
    }

    void draw(const Block &block, const std::string &indent) {
        for (const Step &step : block.steps) {
            if (const auto *kernel = std::get_if<Kernel>(&step)) {
                draw(*kernel, indent);
            } else {
                draw(*std::get<std::shared_ptr<const Loop>>(step), indent);
            }
        }
    }

    void draw(const Kernel &kernel, const std::string &indent) {
        const std::string id = "kernel " + kernel.name;
        std::vector<std::string> lines{kernel.name};
        for (const Array &output : kernel.outputs) {
            makers_[output.node().get()] = id;
            lines.push_back(describe(output));
        }
        node(id, lines, "", indent);
        for (const Array &input : kernel.inputs) {
            edge(input, id);
        }
        for (const Halide::Parameter &scalar : kernel.scalars) {
            if (const auto found = scalars_.find(scalar.name()); found != scalars_.end()) {
                edges_ << "  " << quoted(found->second) << " -> " << quoted(id) << " [style=dotted]\n";
            }
        }
    }

    void draw(const Loop &loop, const std::string &indent) {
        const LoopNode &node = *loop.node;
        loops_[&node] = loop.name;
        const std::string inside = indent + "  ";
        const std::string length = node.going >= 0        ? "while " + node.state[node.going].name()
                                   : node.count.defined() ? node.count.name() + " steps"
                                                          : print(node.trips) + " steps";
        out_ << indent << "subgraph " << quoted("cluster " + loop.name) << " {\n"
             << inside << "label=" << quoted("loop " + loop.name + ": " + length) << "\n";
        for (size_t i = 0; i < node.state.size(); i++) {
            const std::string id = state_id(loop.name, i);
            makers_[node.state[i].node().get()] = id;
            this->node(id, {describe(node.state[i])}, "style=rounded", inside);
            edge(node.init[i], id);
        }
        if (node.count.defined() && !node.state.empty()) {
            edge(node.count, state_id(loop.name, 0), "style=dotted");
        }
        draw(loop.body, inside);
        for (size_t i = 0; i < node.state.size(); i++) {
            edge(node.next[i], state_id(loop.name, i), "style=dashed");
        }
        out_ << indent << "}\n";
    }
};

}  // namespace

std::string to_dot(const Program &program) { return Drawing().text(program); }

}  // namespace sylvite
