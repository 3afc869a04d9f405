#include "autodiff/packets.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

const Call *as_packet(const Expr &e) { return Call::as_intrinsic(e, {Call::scatter_gather}); }

class FindPackets : public IRGraphVisitor {
public:
    std::vector<const Call *> packets;

private:
    using IRGraphVisitor::visit;
    void visit(const Call *op) override {
        if (op->is_intrinsic(Call::scatter_gather)) {
            packets.push_back(op);
        }
        IRGraphVisitor::visit(op);
    }
};

std::vector<const Call *> packets_in(const std::vector<Expr> &exprs) {
    FindPackets find;
    for (const Expr &e : exprs) {
        if (e.defined()) {
            e.accept(&find);
        }
    }
    return find.packets;
}

class TakeElement : public IRGraphMutator {
public:
    explicit TakeElement(size_t element) : element_(element) {}

private:
    const size_t element_;
    using IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        const Call *packet = as_packet(op);
        return packet ? packet->args[element_] : IRGraphMutator::visit(op);
    }
};

}  // namespace

bool has_packet(const Expr &e) { return !packets_in({e}).empty(); }

std::vector<StageForm> elements_of(const StageForm &form, const std::string &where) {
    std::vector<Expr> exprs = form.args;
    exprs.insert(exprs.end(), form.values.begin(), form.values.end());
    const std::vector<const Call *> packets = packets_in(exprs);
    if (packets.empty()) {
        return {form};
    }
    const size_t size = packets[0]->args.size();
    for (const Call *packet : packets) {
        _halide_user_assert(packet->args.size() == size)
            << "A derivative needs scatter() and gather() of one length in a stage; " << where << " has " << size
            << " and " << packet->args.size() << ": repeat the last element of the shorter one.";
        _halide_user_assert(packets_in(packet->args).empty())
            << "A derivative needs scatter() and gather() of scalars; " << where
            << " has one inside another: write out the elements.";
    }
    _halide_user_assert(!has_packet(form.predicate))
        << "A derivative needs conditions that hold for all that a stage stores at once; that of " << where
        << " has a gather(): select() among the values in its place.";
    std::vector<StageForm> elements;
    for (size_t element = 0; element < size; element++) {
        TakeElement take(element);
        StageForm of_element = form;
        for (std::vector<Expr> *each : {&of_element.args, &of_element.values}) {
            for (Expr &e : *each) {
                e = take.mutate(e);
            }
        }
        elements.push_back(of_element);
    }
    return elements;
}

Expr packet_of(const std::vector<Expr> &elements) {
    const bool is_one =
        std::all_of(elements.begin(), elements.end(), [&](const Expr &e) { return equal(e, elements[0]); });
    return is_one ? elements[0] : Halide::gather(elements);
}

}  // namespace sylvite
